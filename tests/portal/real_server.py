"""A real portal in a folder of its own, for tests: gunicorn and a worker, which may be killed."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path

QUICK = {"DJANGO_SETTINGS_MODULE": "quick_settings", "PYTHONPATH": str(Path(__file__).parent)}
PASSWORD = "three random words"
MAKE_PEOPLE = f"""
from evalkit.portal.models import Membership, Person, Programme, School
from evalkit.portal.start import add_demo
from evalkit.portal.tenancy import everything
add_demo()
with everything():
    for number, school in enumerate(School.objects.order_by("urn"), start=1):
        person = Person.objects.create_user(f"lead{{number}}@example.org", "{PASSWORD}", name=f"Lead {{number}}")
        Membership.objects.create(person=person, role="uploader", school=school)
        print(school.pk, Programme.objects.get().pk)
"""


@dataclass
class Server:
    """A portal of its own in a folder: web and worker as processes of their own.

    `quick` : passwords are kept cheaply (see quick_settings.py)
    """

    folder: Path
    port: int
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    schools: list[str] = field(default_factory=list)
    programme: str = ""
    database: str = ""
    quick: bool = False

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "DJANGO", "DATABASE"))}
        return kept | {
            "EVALKIT_PORTAL_DATA": str(self.folder / "data"), "EVALKIT_PORTAL_TRIAL": "1",
            "TMPDIR": str(self.folder / "tmp"),
            "EVALKIT_KEYS": str(self.folder / "keys"),
            **({"DATABASE_URL": self.database} if self.database else {}),
            **(QUICK if self.quick else {}),
        }  # fmt: skip

    def manage(self, *words: str) -> str:
        """Run a command of Django's without its checks of all pages, which take longer than most commands."""
        program = "from evalkit.portal.start import set_up; set_up(); import sys; from django.core.management import "
        program += "call_command as run; run(*sys.argv[1:])"
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


def new_server(folder: Path, *, migrated: bool = True, database: str = "", quick: bool = False) -> Server:
    """A portal with an empty database, on a free port, not yet started."""
    (folder / "tmp").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = Server(folder, free.getsockname()[1], database=database, quick=quick)
    if migrated:
        made.manage("migrate", "--verbosity=0")
    return made


def wait_for(check, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def with_people(server: Server) -> Server:
    """Add the demonstration programme and, for each of its schools, somebody who uploads."""
    lines = server.manage("shell", "-v0", "-c", MAKE_PEOPLE).split()
    server.schools, server.programme = lines[::2], lines[1]
    return server


class Browser:
    """Just enough of a browser: cookies, forms with their token, files."""

    def __init__(self, server: Server, number: int) -> None:
        self.server, self.number = server, number
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.get("/accounts/login/")
        self.post("/accounts/login/", {"login": f"lead{number}@example.org", "password": PASSWORD})

    @property
    def place(self) -> str:
        return f"/schools/{self.server.schools[self.number - 1]}/programmes/{self.server.programme}/"

    def get(self, path: str) -> str:
        with self.opener.open(f"http://127.0.0.1:{self.server.port}{path}", timeout=60) as answer:
            return answer.read().decode()

    def post(
        self, path: str, fields: dict[str, str], files: dict[str, tuple[str, bytes]] | None = None
    ) -> tuple[int, str, str]:
        body, kind = self.body(fields, files or {})
        request = urllib.request.Request(f"http://127.0.0.1:{self.server.port}{path}", body, {"Content-Type": kind})
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, path, answer.read().decode()

    def body(self, fields: dict[str, str], files: dict[str, tuple[str, bytes]]) -> tuple[bytes, str]:
        token = next(one.value for one in self.jar if one.name == "csrftoken") or ""
        parts = [
            (f'form-data; name="{key}"', value.encode())
            for key, value in {"csrfmiddlewaretoken": token, **fields}.items()
        ]
        parts += [(f'form-data; name="{key}"; filename="{name}"', content) for key, (name, content) in files.items()]
        lines = b"".join(
            b"--cut\r\nContent-Disposition: %b\r\n\r\n%b\r\n" % (head.encode(), content) for head, content in parts
        )
        return lines + b"--cut--\r\n", "multipart/form-data; boundary=cut"

    def upload(self, content: bytes, name: str = "pre.xlsx") -> tuple[int, str, str]:
        return self.post(f"{self.place}upload/pre/", {}, {"file": (name, content)})
