"""The work of the child process: limits first, then the workbook, then its messages as lines of JSON.

Imports nothing but Python's own library and the readers beside it, so that it starts quickly and holds little.
"""

import gc
import json
import os
import sys
import threading
import time

from evalkit.intake.limits import TOO_MUCH_MEMORY, TOO_MUCH_TIME, Limits
from evalkit.intake.sealed.workbook import workbook_messages

_LOOKS_PER_SECOND = 50


def main() -> None:
    """Read one workbook from standard input and write its messages to standard output."""
    gc.disable()  # rows are lists of text that never refer to each other; the process ends soon
    head = json.loads(sys.stdin.buffer.readline())
    limits = Limits(*head["limits"])
    if limits.watched:
        threading.Thread(target=_watch, args=(limits,), daemon=True).start()
    else:
        _confine(limits)
    try:
        data = sys.stdin.buffer.read(head["size"])
        if len(data) == head["size"]:
            for message in workbook_messages(data, head["kind"]):
                sys.stdout.buffer.write(json.dumps(message, ensure_ascii=False).encode("utf-8") + b"\n")
        sys.stdout.buffer.flush()
    except MemoryError:
        os._exit(TOO_MUCH_MEMORY)
    except BrokenPipeError:
        os._exit(1)  # whoever asked is gone


def _confine(limits: Limits) -> None:
    """Let the kernel hold the limits; no file may grow, no memory is dumped."""
    import resource

    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        _, ceiling = resource.getrlimit(what)
        resource.setrlimit(what, (most if ceiling == resource.RLIM_INFINITY else min(most, ceiling), ceiling))


def _watch(limits: Limits) -> None:
    """Hold the limits where no kernel does: look at memory and CPU time many times a second, and end the process."""
    used = _used_on_windows if sys.platform == "win32" else _used
    while True:
        if used() > limits.memory_bytes:
            os._exit(TOO_MUCH_MEMORY)
        if time.process_time() > limits.cpu_seconds:
            os._exit(TOO_MUCH_TIME)
        time.sleep(1 / _LOOKS_PER_SECOND)


def _used() -> int:
    """The bytes of memory that the process holds; where the system tells only that, the most it has held."""
    if sys.platform == "linux":  # whose ru_maxrss begins with what the parent held
        with open("/proc/self/statm", encoding="ascii") as pages:
            return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _used_on_windows() -> int:
    """The most bytes that the process has held, from the first fields of Windows' PROCESS_MEMORY_COUNTERS."""
    import ctypes

    counters = (ctypes.c_size_t * 10)()
    windll = getattr(ctypes, "windll")  # noqa: B009 - there only on Windows
    windll.kernel32.K32GetProcessMemoryInfo(ctypes.c_void_p(-1), ctypes.byref(counters), ctypes.sizeof(counters))
    return int(counters[1 if ctypes.sizeof(ctypes.c_size_t) == 8 else 2])
