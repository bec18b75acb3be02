import io
import logging as stdlib
import re

import orjson

from pilothouse.observability.logging import Logger, bridge_standard_logging


def lines(target: Logger, stream: io.StringIO) -> list[str]:
    assert target.writer.flush()
    return stream.getvalue().splitlines()


def make() -> tuple[Logger, io.StringIO]:
    stream = io.StringIO()
    return Logger(stream), stream


def test_klog_text() -> None:
    target, stream = make()
    target.info("Serving securely")
    target.info("HTTP", URI="/api", resp=200, names=["a", "b"], ok=True)
    target.warning("Odd")
    target.error("Failed", ValueError("bad \"thing\""), name="x")
    got = lines(target, stream)
    head = r"\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ test_logging\.py:\d+\] "
    assert re.fullmatch(f"I{head}Serving securely", got[0])
    assert re.fullmatch(f'I{head}"HTTP" URI="/api" resp=200 names=\\["a","b"\\] ok=true', got[1])
    assert re.fullmatch(f"W{head}Odd", got[2])
    assert re.fullmatch(f'E{head}"Failed" err="bad \\\\"thing\\\\"" name="x"', got[3])


def test_verbosity_is_a_runtime_setting() -> None:
    target, stream = make()
    target.info("hidden", level=2)
    assert not target.v(2)
    target.configure(verbosity=2)
    assert target.v(2)
    target.info("shown", level=2)
    assert [line.split("] ")[1] for line in lines(target, stream)] == ["shown"]


def test_json() -> None:
    target, stream = make()
    target.configure(json=True, verbosity=4)
    target.info("message", level=4, key="value", odd=b"x".hex())
    target.error("failed", OSError("gone"))
    first, second = (orjson.loads(line) for line in lines(target, stream))
    assert first["msg"] == "message"
    assert (first["v"], first["key"]) == (4, "value")
    assert first["caller"].startswith("observability/test_logging.py:")
    assert (second["msg"], second["err"], second["severity"]) == ("failed", "gone", "error")


def test_a_bug_is_written_with_its_traceback() -> None:
    target, stream = make()
    try:
        raise RuntimeError("boom")
    except RuntimeError as error:
        target.exception("apiserver panic'd", error, URI="/x")
    text = "\n".join(lines(target, stream))
    assert "RuntimeError: boom" in text
    assert "Traceback" in text


def test_lines_that_do_not_fit_are_dropped_and_counted() -> None:
    target, _ = make()
    target.writer._lines.extend(["x\n"] * 20_000)  # as a blocked standard error leaves them
    target.info("one too many")
    assert target.writer.dropped == 1
    target.writer._lines.clear()


def test_texts_that_are_no_utf_8_are_written() -> None:
    target, stream = make()
    target.info("odd", value="\udcff")
    assert "udcff" in lines(target, stream)[0]
    target.configure(json=True)
    target.info("odd", value="\udcff")
    assert len(lines(target, stream)) == 2


def test_standard_loggers_are_bridged() -> None:
    target, stream = make()
    root = stdlib.getLogger()
    handlers, level = root.handlers, root.level
    try:
        bridge_standard_logging(target)
        stdlib.getLogger("asyncio").warning("slow %s", "callback")
        stdlib.getLogger("asyncio").info("not this")
    finally:
        root.handlers = handlers
        root.setLevel(level)
    got = lines(target, stream)
    assert len(got) == 1
    assert got[0].startswith("W")
    assert got[0].endswith("] asyncio: slow callback")
