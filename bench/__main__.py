"""`make bench`, or `python -m bench --only get --json out.json`.

Every line is measured next to the yardstick, a bare uvicorn answer (httptools, uvloop, TLS) of the same size:
yardstick and line by turns, three times, medians. The ratio of the two is what can be compared between machines.
Exit code 1: an answer was an error, or a line could not be measured.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench import auditing, authorization, custom, lists, pods, requests, start, watch
from bench.report import Result, render
from bench.setting import Failed, Setting
from bench.yardstick import Yardstick

SECTIONS = (start, authorization, requests, auditing, pods, custom, lists, watch)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="lines whose name holds this text, for instance CREATE")
    parser.add_argument("--json", metavar="OUT", type=Path, help="write the results to this file as well")
    parser.add_argument("--seconds", type=int, default=2, help="seconds of load for each measurement (default 2)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of which the median is taken (default 3)")
    parser.add_argument("--flag", action="append", default=[], help="another flag for the server; may be repeated")
    options = parser.parse_args(arguments)
    if shutil.which("wrk") is None:
        print("The bench needs wrk as its load generator: apt-get install wrk", file=sys.stderr)
        return 1
    results: list[Result] = []
    with ExitStack() as stack:
        yardstick = stack.enter_context(Yardstick())
        setting = Setting(yardstick, options.seconds, options.rounds, options.only or "", options.flag)
        for result in _run(setting):
            results.append(result)
            print(render(result), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")
    if not results:
        print(f"No line has {options.only} in its name", file=sys.stderr)
    return int(not results or any(result.error for result in results))


def _run(setting: Setting) -> Iterator[Result]:
    print(render(None))
    for section in SECTIONS:
        if not any(setting.wanted(name) for name in section.NAMES):
            continue
        try:
            yield from section.run(setting)
        except Failed as error:
            yield Result(section.__name__.removeprefix("bench."), error=str(error))


if __name__ == "__main__":
    sys.exit(main())
