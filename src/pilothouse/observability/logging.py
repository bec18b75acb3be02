"""Logs: klog's text or one JSON object a line, never blocking the loop (upstream: k8s.io/klog, component-base/logs).

    log.info("Serving securely", address=address)
    if log.v(4):
        log.info("Forbidden", URI=uri, reason=reason)
    log.error("Unable to authenticate the request", err)

Lines go through a bounded queue to a writer thread, so that a blocked standard error blocks no request;
what does not fit is dropped and counted. `-v` and the format may change at run time (`configure`).
"""

import atexit
import contextlib
import json
import logging as stdlib
import os
import sys
import threading
import time
import traceback
from collections import deque
from typing import IO, Any, Final

import orjson

_QUEUE_LIMIT: Final = 20_000
_SEVERITIES: Final = {"I": "info", "W": "warning", "E": "error", "F": "fatal"}


class _Writer:
    """Owns the stream and the thread that writes to it; started by the first line."""

    def __init__(self, stream: IO[str] | None) -> None:
        self.stream = stream
        self.dropped = 0
        self.last_written = time.monotonic()
        self._lines: deque[str] = deque()
        self._wake = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()

    def write(self, line: str) -> None:
        if len(self._lines) >= _QUEUE_LIMIT:
            self.dropped += 1
            return
        self._idle.clear()
        self._lines.append(line)
        if self._thread is None:
            self._start()
        self._wake.set()

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
                self._thread.start()
                atexit.register(self.flush, 2.0)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._lines:
                chunk = [self._lines.popleft() for _ in range(min(len(self._lines), 500))]
                stream = self.stream or sys.stderr
                # A closed standard error must not end the thread: later lines may go elsewhere.
                with contextlib.suppress(OSError, ValueError):
                    stream.write("".join(chunk))
                    stream.flush()
                self.last_written = time.monotonic()
            self._idle.set()
            if self._lines:
                self._idle.clear()
                self._wake.set()

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything so far is written; False when that took longer than `timeout` seconds."""
        return self._thread is None or self._idle.wait(timeout)

    def blocked(self) -> bool:
        """Whether lines have been waiting for two minutes (the "log" health check)."""
        return bool(self._lines) and time.monotonic() - self.last_written > 120


class Logger:
    """klog's verbs. Values are rendered only for lines that are written."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self.verbosity = 0
        self.json = False
        self.writer = _Writer(stream)
        self._pid = os.getpid()

    def configure(self, *, verbosity: int | None = None, json: bool | None = None) -> None:
        """Runtime settings: `-v` and `--logging-format=json`."""
        if verbosity is not None:
            self.verbosity = verbosity
        if json is not None:
            self.json = json

    def v(self, level: int) -> bool:
        """Whether lines of this verbosity are written; ask before building costly values."""
        return self.verbosity >= level

    def info(self, message: str, /, *, depth: int = 0, level: int = 0, **values: Any) -> None:
        if level <= self.verbosity:
            self._emit("I", message, values, depth, level)

    def warning(self, message: str, /, *, depth: int = 0, **values: Any) -> None:
        self._emit("W", message, values, depth)

    def error(self, message: str, err: BaseException | None = None, /, *, depth: int = 0, **values: Any) -> None:
        """An error; `err` is written with its text only."""
        if err is not None:
            values = {"err": str(err) or type(err).__name__, **values}
        self._emit("E", message, values, depth)

    def exception(self, message: str, err: BaseException, /, *, depth: int = 0, **values: Any) -> None:
        """A bug: `err` is written with its traceback."""
        stack = "".join(traceback.format_exception(err))
        self._emit("E", message, {"err": repr(err), **values}, depth, stack=stack)

    def fatal(self, message: str, /, *, depth: int = 0, **values: Any) -> None:
        """A reason to end; ending is the caller's business. Written before this returns."""
        self._emit("F", message, values, depth)
        self.writer.flush()

    def text(self, text: str) -> None:
        """Write lines as they are (the block that tells how to connect)."""
        self.writer.write(text if text.endswith("\n") else f"{text}\n")

    def _emit(
        self, severity: str, message: str, values: dict[str, Any], depth: int, level: int = 0, stack: str = ""
    ) -> None:
        frame = sys._getframe(2 + depth)
        # klog shows the file's name, zap the folder as well.
        name = "/".join(frame.f_code.co_filename.rsplit("/", 2)[-2 if self.json else -1 :])
        caller = f"{name}:{frame.f_lineno}"
        if self.json:
            self.writer.write(_json_line(severity, caller, message, values, level, stack))
        else:
            self.writer.write(_text_line(severity, self._pid, caller, message, values, stack))


def _text_line(severity: str, pid: int, caller: str, message: str, values: dict[str, Any], stack: str) -> str:
    now = time.time()
    clock = time.strftime("%m%d %H:%M:%S", time.localtime(now))
    head = f"{severity}{clock}.{int(now % 1 * 1e6):06d} {pid:7d} {caller}]"
    if not values:
        line = f"{head} {message}\n"
    else:
        pairs = " ".join(f"{key}={_value(value)}" for key, value in values.items())
        line = f"{head} {_quote(message)} {pairs}\n"
    return line + stack if stack else line


def _json_line(severity: str, caller: str, message: str, values: dict[str, Any], level: int, stack: str) -> str:
    entry: dict[str, Any] = {"ts": round(time.time() * 1000, 4), "caller": caller, "msg": message}
    if severity == "I":
        entry["v"] = level
    else:
        entry["severity"] = _SEVERITIES[severity]
    entry.update(values)
    if stack:
        entry["stack"] = stack
    try:
        return orjson.dumps(entry, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n"
    except TypeError:
        # Text that is no UTF-8 (a path of a client); the standard library escapes it.
        return json.dumps(entry, default=str) + "\n"


def _quote(text: str) -> str:
    return orjson.dumps(text).decode() if text.isascii() or _encodable(text) else ascii(text)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _value(value: Any) -> str:
    match value:
        case str():
            return _quote(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() | tuple():
            return "[" + ",".join(_value(v) for v in value) + "]"
    return _quote(str(value))


class _Bridge(stdlib.Handler):
    """Takes lines of the standard library's loggers (asyncio, libraries) into ours."""

    def __init__(self, target: Logger) -> None:
        super().__init__()
        self._target = target

    def emit(self, record: stdlib.LogRecord) -> None:
        severity = "E" if record.levelno >= stdlib.ERROR else "W" if record.levelno >= stdlib.WARNING else "I"
        stack = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        caller = f"{os.path.basename(record.pathname)}:{record.lineno}"
        message = f"{record.name}: {record.getMessage()}"
        make = _json_line(severity, caller, message, {}, 0, stack) if self._target.json else _text_line(
            severity, os.getpid(), caller, message, {}, stack)
        self._target.writer.write(make)


def bridge_standard_logging(target: "Logger | None" = None) -> None:
    """Send warnings and errors of every standard logger to `target` (default: the process's log)."""
    root = stdlib.getLogger()
    root.handlers = [_Bridge(target or log)]
    root.setLevel(stdlib.WARNING)


#: The process's log.
log: Final = Logger()
