"""Faults of the disk that are real to the process: system calls that fail from now on (Linux, seccomp)."""

import ctypes
import errno
import os
import platform
import struct
import sys
import threading
import time
from pathlib import Path

_SYNCS = {"x86_64": (0xC000003E, (74, 75)), "aarch64": (0xC00000B7, (82, 83))}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVS, _SET_MODE_FILTER, _ALL_THREADS = 38, 1, 1


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def fail_fsync() -> None:
    """From now on fsync and fdatasync answer EIO to every thread of this process, for good. Writes still succeed."""
    machine = platform.machine()
    arch, syncs = _SYNCS[machine]
    program = [(_LOAD, 0, 0, 4), (_JUMP_IF_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, 0)]
    for at, number in enumerate(syncs):
        program.append((_JUMP_IF_EQUAL, len(syncs) - at, 0, number))
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | errno.EIO)]
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(
        _SECCOMP[machine], _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(_Program(len(program), code))
    ):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _when_there(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)
    fail_fsync()
    path.with_suffix(".done").touch()


if __name__ == "__main__":
    # python -m tests.faults TRIGGER serve …: Pilothouse, whose fsync fails as soon as the file TRIGGER is there
    from pilothouse.cli import main

    trigger = Path(sys.argv.pop(1))
    threading.Thread(target=_when_there, args=(trigger,), daemon=True).start()
    sys.exit(main())
