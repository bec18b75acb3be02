"""Looking into the running process: tasks, threads, memory, CPU time.

Nothing here costs anything until it is asked for; what is heavy is imported then.
"""

import asyncio
import gc
import io
import resource
import sys
import threading
import time
import traceback
from collections import Counter
from types import FrameType


def tasks_and_threads() -> str:
    """The stacks of the running loop's tasks, then those of all threads."""
    out = io.StringIO()
    tasks = asyncio.all_tasks()
    out.write(f"tasks: total {len(tasks)}\n\n")
    for task in sorted(tasks, key=lambda t: t.get_name()):
        out.write(f"task {task.get_name()}:\n")
        for frame in task.get_stack():
            out.write("".join(traceback.format_stack(frame, limit=1)))
        out.write("\n")
    out.write(threads())
    return out.getvalue()


def threads() -> str:
    """The stacks of all threads."""
    out = io.StringIO()
    frames = sys._current_frames()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    out.write(f"threads: total {len(frames)}\n\n")
    for ident, frame in sorted(frames.items()):
        out.write(f"thread {names.get(ident, 'unnamed')} ({ident}):\n")
        out.write("".join(traceback.format_stack(frame)))
        out.write("\n")
    return out.getvalue()


def heap(limit: int = 60) -> str:
    """Live container objects by type and the collector's state; by line as well if tracemalloc is running."""
    counts = Counter(type(o).__qualname__ for o in gc.get_objects())
    out = io.StringIO()
    out.write(f"resident bytes: {resident_bytes()}\n")
    out.write(f"objects tracked by the collector: {counts.total()}\n")
    for generation, stats in enumerate(gc.get_stats()):
        out.write(f"generation {generation}: {stats}\n")
    out.write("\n")
    for name, count in counts.most_common(limit):
        out.write(f"{count:10d} {name}\n")
    _traced(out, limit)
    return out.getvalue()


def _traced(out: io.StringIO, limit: int) -> None:
    tracemalloc = sys.modules.get("tracemalloc")
    if tracemalloc is None or not tracemalloc.is_tracing():
        out.write("\ntracemalloc is off; start Python with -X tracemalloc to see memory by line\n")
        return
    out.write("\nmemory by line:\n")
    for statistic in tracemalloc.take_snapshot().statistics("lineno")[:limit]:
        out.write(f"{statistic}\n")


def resident_bytes() -> int:
    """The process's resident memory, 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


class Sampler:
    """Samples the stacks of all other threads and counts equal ones."""

    def __init__(self, interval: float = 0.01) -> None:
        """`interval` in seconds."""
        self._interval = interval
        self._counts: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cpu-sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop sampling; the thread ends within one interval."""
        self._stop.set()

    def folded(self) -> str:
        """One line for each stack, "outer;inner count": what flame graph tools read."""
        lines = [f"{stack} {count}\n" for stack, count in self._counts.most_common()]
        return "".join(lines)

    def _run(self) -> None:
        own = threading.get_ident()
        while not self._stop.is_set():
            begin = time.perf_counter()
            for ident, frame in sys._current_frames().items():
                if ident != own:
                    self._counts[_fold(frame)] += 1
            # Sampling deep stacks takes time of its own: keep it below a tenth of the process's.
            self._stop.wait(max(self._interval, 9 * (time.perf_counter() - begin)))


def _fold(frame: FrameType | None) -> str:
    names: list[str] = []
    while frame is not None:
        code = frame.f_code
        names.append(f"{code.co_filename.rpartition('/')[2]}:{code.co_qualname}")
        frame = frame.f_back
    return ";".join(reversed(names))
