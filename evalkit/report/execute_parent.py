"""The parent's end of the process in which cells run: starts it sealed, hands it jobs one by one, ends it."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from evalkit.errors import ReportError

TIMEOUT = 180  # seconds for one job; a programme report takes about two
KEPT_ENVIRONMENT = (
    "PATH",
    "HOME",
    "USERPROFILE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "MPLCONFIGDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
)


class CellChild:
    """A process without network, other programs or pupils' data, for one job or for many, one after the other.

    It starts with the first job, and again after a job that ended it; leaving the `with` block ends it.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._complaints: IO[bytes] | None = None

    def __enter__(self) -> "CellChild":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def answer(self, job: Mapping[str, Any], *, name: str) -> dict[str, Any]:
        """Hand over a job and wait for its answer.

        Parameters
        ----------
        job : mapping - context, params and steps, as JSON can carry it
        name : the template's, for messages

        Raises
        ------
        ReportError
            The cells ran too long, or ended their process.
        """
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(TIMEOUT, stop)
        timer.start()
        try:
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
        if line.endswith(b"\n"):
            return json.loads(line)
        last = self._last_words()
        self.end()
        if late.is_set():
            raise ReportError(
                f"{name}: its cells ran for more than {TIMEOUT} seconds and were stopped. Cells only show results; "
                "move long work to the analysis."
            )
        raise ReportError(f"{name}: the process for its cells stopped early ({last}).")

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):  # it ended before it read all of a job
                        pipe.close()
            self._process.wait()
        if self._complaints is not None:
            self._complaints.close()
        if self._folder is not None:
            self._folder.cleanup()
        self._process = self._complaints = self._folder = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._folder = tempfile.TemporaryDirectory(prefix="evalkit-cells-")
            self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "evalkit.report.execute_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                cwd=self._folder.name,
                env=sealed_environment(),
            )
        return self._process

    def _last_words(self) -> str:
        """The last line that it wrote before it ended."""
        assert self._process is not None
        assert self._complaints is not None
        self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no message"


def sealed_environment() -> dict[str, str]:
    """What the process is told of its surroundings: where Python's modules are, and nothing that changes a report."""
    environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return environment | {
        "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if Path(entry or ".").exists()),
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", "946684800"),
    }
