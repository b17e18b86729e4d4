"""Many schools upload to one portal within a few minutes: errors, losses, how long pages take, CPU for each upload.

    python benchmarks/portal.py                                     # 200 schools in 5 minutes, PostgreSQL
    python benchmarks/portal.py --schools 10 --seconds 2 --database sqlite

On this machine's loopback: gunicorn with 2 processes of 4 threads, one worker, PostgreSQL by Debian's `pg_virtualenv`
as a role that may not pass by the policies. Every school signs in, opens its page, uploads its own file of about 60
pupils, waits for the check, looks at it and confirms. Targets are printed, not enforced; a lost or doubled upload ends
in exit code 1.
"""

import argparse
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import openpyxl
import psutil

from evalkit.shipped import shipped

PASSWORD = "three random words"
PEOPLE = """
from evalkit.portal.models import Membership, Participation, Person, Programme, School
from evalkit.portal.start import add_demo
from evalkit.portal.tenancy import everything
add_demo()
with everything():
    programme = Programme.objects.get()
    for number in range(COUNT):
        school = School.objects.create(urn=str(110000 + number), name=f"School {number}")
        Participation.objects.create(programme=programme, school=school)
        person = Person.objects.create_user(f"lead{number}@example.org", "PASSWORD", name=f"Lead {number}")
        Membership.objects.create(person=person, role="uploader", school=school)
        print(f"/schools/{school.pk}/programmes/{programme.pk}/")
"""
COUNTED = """
from evalkit.portal.models import SurveyUpload
from evalkit.portal.tenancy import everything
with everything():
    print(sorted(SurveyUpload.objects.values_list("state", flat=True)))
"""
POSTGRES = """
set -e
psql -q -c "CREATE ROLE portal_app LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD 'for-tests-only'"
psql -q -c "CREATE DATABASE portal OWNER portal_app"
export DATABASE_URL="postgres://portal_app:for-tests-only@$PGHOST:$PGPORT/portal"
exec "$@"
"""


class School(threading.Thread):
    """One school's data lead, from signing in to the receipt."""

    def __init__(self, number: int, address: str, place: str, starts: float, content: bytes) -> None:
        super().__init__(daemon=True)
        self.number, self.address, self.place, self.starts, self.content = number, address, place, starts, content
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.pages: list[float] = []
        self.upload_seconds = self.checked_seconds = 0.0
        self.failure = "did not end"

    def run(self) -> None:
        time.sleep(max(0.0, self.starts - time.monotonic()))
        try:
            self.story()
            self.failure = ""
        except (OSError, AssertionError, TypeError) as error:
            self.failure = f"{type(error).__name__}: {error}"

    def story(self) -> None:
        self.page("/accounts/login/")
        self.send("/accounts/login/", {"login": f"lead{self.number}@example.org", "password": PASSWORD})
        self.page(self.place)
        self.page(f"{self.place}upload/pre/")
        began = time.monotonic()
        where, page = self.send(f"{self.place}upload/pre/", {}, self.content)
        self.upload_seconds = time.monotonic() - began
        path = urllib.parse.urlsplit(where).path
        while "Being checked" in page:
            time.sleep(1)
            page = self.page(path)
        self.checked_seconds = time.monotonic() - began
        seen = re.search(r'name="seen" value="([^"]*)"', page)
        assert seen is not None, "not ready to confirm"
        where, _ = self.send(f"{path}confirm/", {"seen": seen[1]})
        assert "receipt" in where, where

    def page(self, path: str) -> str:
        began = time.monotonic()
        with self.opener.open(self.address + path, timeout=60) as answer:
            text = answer.read().decode()
        self.pages.append(time.monotonic() - began)
        return text

    def send(self, path: str, fields: dict[str, str], content: bytes | None = None) -> tuple[str, str]:
        token = next(one.value for one in self.jar if one.name == "csrftoken") or ""
        parts = [(f'name="{key}"', value.encode()) for key, value in {"csrfmiddlewaretoken": token, **fields}.items()]
        if content is not None:
            parts.append(('name="file"; filename="autumn.csv"', content))
        body = b"".join(
            b"--cut\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (head.encode(), one) for head, one in parts
        )
        kind = {"Content-Type": "multipart/form-data; boundary=cut"}
        request = urllib.request.Request(self.address + path, body + b"--cut--\r\n", kind)
        with self.opener.open(request, timeout=60) as answer:
            return answer.url, answer.read().decode()


def survey_file(number: int) -> bytes:
    """The example's first file as text, with codes of this school's own."""
    sheet = openpyxl.load_workbook(
        shipped("analyses") / "keyham-resilience" / "data" / "pre.xlsx", read_only=True
    ).worksheets[0]
    rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    rows = rows[1:]  # the form's title stands above
    code = next(place for place, heading in enumerate(rows[0]) if "pupil code" in heading.lower())
    for place, row in enumerate(rows[1:], start=1):
        row[code] = f"S{number:03d}P{place:03d}"
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--schools", type=int, default=200)
    asked.add_argument("--seconds", type=float, default=300)
    asked.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    chosen = asked.parse_args()
    if chosen.database == "postgresql" and "DATABASE_URL" not in os.environ:
        words = ["pg_virtualenv", "bash", "-c", POSTGRES, "bash", sys.executable, *sys.argv]
        return subprocess.run(words, check=False).returncode
    with tempfile.TemporaryDirectory(prefix="evalkit-portal-load-") as folder:
        return load(Path(folder), chosen.schools, chosen.seconds)


def load(folder: Path, count: int, seconds: float) -> int:
    """Serve, let the schools come, print what happened. Returns the exit code."""
    environment = os.environ | {"EVALKIT_PORTAL_DATA": str(folder / "data"), "EVALKIT_PORTAL_TRIAL": "1"}
    program = "from evalkit.portal.start import set_up; set_up(); import sys; from django.core.management import "
    program += "call_command as run; run(*sys.argv[1:])"

    def manage(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, *words], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    manage("migrate", "--verbosity=0")
    places = manage("shell", "-v0", "-c", PEOPLE.replace("COUNT", str(count)).replace("PASSWORD", PASSWORD)).split()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = [
        "-m",
        "gunicorn",
        "evalkit.portal.wsgi",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--threads",
        "4",
    ]
    processes = [
        subprocess.Popen([sys.executable, *words], env=environment)
        for words in (serving, ["-m", "evalkit.portal.jobs"])
    ]
    try:
        time.sleep(3)
        before = sum(map(cpu_of, processes))
        random.seed(20261129)
        begin = time.monotonic()
        schools = [
            School(number, f"http://127.0.0.1:{port}", place, begin + random.uniform(0, seconds), survey_file(number))
            for number, place in enumerate(places)
        ]
        for one in schools:
            one.start()
        for one in schools:
            one.join(timeout=seconds + 300)
        spent = sum(map(cpu_of, processes)) - before
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)
    states = manage("shell", "-v0", "-c", COUNTED).strip()
    return told(schools, states, spent)


def told(schools: list[School], states: str, spent: float) -> int:
    """Print the figures; 1 when something was lost, doubled or failed."""
    failures = [one.failure for one in schools if one.failure]
    pages = [took for one in schools for took in one.pages]
    uploads = [one.upload_seconds for one in schools]
    confirmed, uploaded = states.count("'confirmed'"), states.count("'") // 2
    print(f"{len(schools)} schools: {len(failures)} failed, {confirmed} confirmed, {uploaded} uploads in all")
    print(f"page: median {1000 * statistics.median(pages):.0f} ms (target 300), slowest {1000 * max(pages):.0f} ms")
    print(f"upload answered: median {statistics.median(uploads):.2f} s, slowest {max(uploads):.2f} s (target 3)")
    print(f"checked after: median {statistics.median(one.checked_seconds for one in schools):.1f} s")
    print(f"CPU for each upload, web and worker together: {spent / len(schools):.2f} s")
    for failure in sorted(set(failures))[:5]:
        print(f"failed: {failure}")
    return int(bool(failures) or confirmed != len(schools) or uploaded != len(schools))


def cpu_of(process: subprocess.Popen) -> float:
    """CPU seconds of a process, its children, and theirs that have ended."""
    parent = psutil.Process(process.pid)
    times = [one.cpu_times() for one in (parent, *parent.children(recursive=True))]
    return sum(one.user + one.system + one.children_user + one.children_system for one in times)


if __name__ == "__main__":
    sys.exit(main())
