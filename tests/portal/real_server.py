"""A real portal in a folder of its own, for tests: gunicorn and a worker, which may be killed."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Server:
    """A portal of its own in a folder: web and worker as processes of their own."""

    folder: Path
    port: int
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    schools: list[str] = field(default_factory=list)
    programme: str = ""

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DJANGO", "DATABASE"))}
        return kept | {
            "EVALKIT_PORTAL_DATA": str(self.folder / "data"), "EVALKIT_PORTAL_TRIAL": "1",
            "TMPDIR": str(self.folder / "tmp"),
            "EVALKIT_KEYS": str(self.folder / "keys"),
        }  # fmt: skip

    def manage(self, *words: str) -> str:
        program = "from evalkit.portal.start import set_up; set_up(); import sys; from django.core.management import "
        program += "execute_from_command_line as run; run(['x', *sys.argv[1:]])"
        return subprocess.run(
            [sys.executable, "-c", program, *words], env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def start(self, name: str) -> None:
        words = {
            "web": ["-m", "gunicorn", "evalkit.portal.wsgi", "--bind", f"127.0.0.1:{self.port}", "--threads", "4"],
            "worker": ["-m", "evalkit.portal.jobs"],
        }[name]
        with (self.folder / "log.txt").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *words], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        if name == "web":
            wait_for(self.answers)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/privacy/", timeout=20) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def rows(self, question: str) -> list[tuple]:
        with sqlite3.connect(self.folder / "data" / "portal.sqlite3", timeout=20) as database:
            return database.execute(question).fetchall()


def new_server(folder: Path, *, migrated: bool = True) -> Server:
    """A portal with an empty database, on a free port, not yet started."""
    (folder / "tmp").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = Server(folder, free.getsockname()[1])
    if migrated:
        made.manage("migrate", "--verbosity=0")
    return made


def wait_for(check, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
