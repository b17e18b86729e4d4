"""Start the child, give it the workbook, take its messages, and end it when it takes too much."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from evalkit.intake.limits import TOO_MUCH_MEMORY, TOO_MUCH_TIME, Limits
from evalkit.intake.sealed.sheet import Message
from evalkit.intake.sealed.workbook import WorkbookKind

_COPY = "Copy the answers alone into a new workbook, or save the sheet with the answers as CSV (.csv), and send that."
_AGAIN = "Try again, or save the sheet with the answers as CSV (.csv), and send that."
_CHILD = Path(__file__).with_name("child.py")
_LONGEST_LINE = 64_000_000
_LAST_WORDS = 1.0  # seconds
_LIMITS = Limits(watched=not sys.platform.startswith("linux"))


def sealed_messages(data: bytes, kind: WorkbookKind, *, limits: Limits = _LIMITS) -> Iterator[Message]:
    """The messages of `workbook_messages`, made in a child process that may use no more than its limits.

    A child that dies, or is ended, gives ["refused", ...] as its last message, like a workbook that cannot be read.
    """
    try:
        process = _started()
    except OSError:
        yield ["refused", "The process that reads workbooks cannot be started on this computer just now", _AGAIN]
        return
    assert process.stdin is not None
    assert process.stdout is not None
    clock = threading.Timer(limits.wall_seconds, process.kill)
    feeder = threading.Thread(target=_feed, args=(process.stdin, data, kind, limits), daemon=True)
    last = ""
    in_time = True
    try:
        clock.start()
        feeder.start()
        for message in _heard(process.stdout):
            last = str(message[0])
            yield message
            if last in ("done", "refused"):
                break
        if last not in ("done", "refused"):
            in_time = clock.is_alive()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LAST_WORDS)  # its exit code tells why
    finally:
        clock.cancel()
        process.kill()
        process.stdout.close()
        code = process.wait()
        feeder.join()
    if last not in ("done", "refused"):
        yield ["refused", *_why(code, in_time=in_time)]


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback may hold cells
        env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows alone has windows to open
    )


def unsafe() -> tuple[str, str]:
    """What is said when the child died, or spoke as no reader speaks."""
    return "The workbook cannot be read safely", _COPY


def _feed(pipe: IO[bytes], data: bytes, kind: WorkbookKind, limits: Limits) -> None:
    """Write the workbook to the child; a child that is gone needs no more."""
    try:
        with pipe:
            pipe.write(json.dumps({"size": len(data), "kind": kind, "limits": limits}).encode() + b"\n")
            pipe.write(data)
    except OSError:
        pass


def _heard(pipe: IO[bytes]) -> Iterator[Message]:
    """The child's lines; they end where the child does, or says what is no message."""
    while line := pipe.readline(_LONGEST_LINE):
        try:
            message = json.loads(line)
        except ValueError:
            return
        if not (isinstance(message, list) and message):
            return
        yield message


def _why(code: int, *, in_time: bool) -> tuple[str, str]:
    """Why the child ended without a word. A negative code is the signal that ended it."""
    if not in_time or code in (TOO_MUCH_TIME, -getattr(signal, "SIGXCPU", 0)):
        return "Reading the workbook takes far longer than any survey file does", _COPY
    if code == TOO_MUCH_MEMORY:
        return "Reading the workbook takes far more memory than any survey file does", _COPY
    return unsafe()
