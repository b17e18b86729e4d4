"""A real server and a real worker, killed and flooded: nothing is lost, nothing doubled, nothing of a pupil leaks."""

import os
import re
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from django.db import connection

from evalkit.shipped import shipped

from .real_server import Server, new_server, wait_for

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
GOOD = shipped("analyses") / "keyham-resilience" / "data" / "pre.xlsx"
UPN = "H801200001001"

pytestmark = [
    pytest.mark.sqlite_only,
    pytest.mark.skipif(
        os.name != "posix" or connection.vendor != "sqlite", reason="needs signals, and its own database"
    ),
]


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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = new_server(tmp_path_factory.mktemp("server"))
    lines = made.manage("shell", "-v0", "-c", MAKE_PEOPLE).split()
    made.schools, made.programme = lines[::2], lines[1]
    made.start("web")
    try:
        yield made
    finally:
        for name in list(made.processes):
            made.kill(name)


@pytest.fixture(scope="module")
def browser(server: Server) -> Browser:
    return Browser(server, 1)


def _uploads(server: Server) -> list[tuple]:
    return server.rows("SELECT state, sha256 FROM portal_surveyupload ORDER BY at")


def _folders(server: Server) -> list[Path]:
    return list((server.folder / "data" / "programmes").glob("*/uploads/*/*"))


def test_a_web_process_killed_amid_an_upload_leaves_nothing(server: Server, browser: Browser) -> None:
    body, kind = browser.body({}, {"file": ("pre.xlsx", GOOD.read_bytes())})
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser.jar)
    head = (
        f"POST {browser.place}upload/pre/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as half:
        half.sendall(head.encode() + body[: len(body) // 2])
        time.sleep(0.5)  # the slow body keeps one thread; the others answer meanwhile
        assert "Before" in browser.get(browser.place)
        server.kill("web")
    assert not _uploads(server)
    assert not _folders(server)
    server.start("web")


def test_too_much_is_refused_while_it_streams(server: Server, browser: Browser) -> None:
    began = time.monotonic()
    status, _, page = browser.upload(b"x" * 30 * 1024 * 1024, "big.csv")
    assert status == 400
    assert "must be smaller than 10MB" in page
    assert time.monotonic() - began < 30
    many = {f"f{number}": "" for number in range(10_000)}
    assert browser.post(f"{browser.place}upload/pre/", many)[0] == 400
    assert not _uploads(server)
    assert not _folders(server)
    assert not list((server.folder / "tmp").iterdir())


def test_a_worker_killed_amid_a_check_loses_nothing(server: Server, browser: Browser) -> None:
    status, address, _ = browser.upload(GOOD.read_bytes())
    assert status == 200
    server.start("worker")
    wait_for(lambda: server.rows("SELECT 1 FROM portal_job WHERE state = 'leased' OR state = 'done'"))
    server.kill("worker")
    with sqlite3.connect(server.folder / "data" / "portal.sqlite3", timeout=20) as database:
        database.execute("UPDATE portal_job SET lease_until = '2020-01-01' WHERE state = 'leased'")
    server.start("worker")
    wait_for(lambda: _uploads(server)[0][0] != "landed")
    assert [state for state, _ in _uploads(server)] == ["ready"]
    path = address.split(str(server.port))[1]
    page = browser.get(path)
    seen = re.search(r'name="seen" value="([^"]*)"', page)[1]
    for _ in range(3):
        status, where, _ = browser.post(f"{path}confirm/", {"seen": seen})
        assert status == 200
        assert "receipt" in where
    assert len(server.rows("SELECT DISTINCT receipt FROM portal_surveyupload WHERE receipt != ''")) == 1
    again = browser.upload(GOOD.read_bytes())
    assert again[1] == address
    assert len(_uploads(server)) == 1
    server.kill("web")
    server.start("web")
    assert "Confirmed" in browser.get(path)


def test_what_pupils_wrote_stays_in_the_files_of_their_school(server: Server) -> None:
    other = Browser(server, 2)
    planted = f"Pupil code,Name,UPN,q1\n{UPN},Zebedee Canary,{UPN},9\n{UPN},Zebedee Canary,{UPN},77\n"
    status, address, _ = other.upload(planted.encode(), "canary.csv")
    assert status == 200
    wait_for(lambda: all(state != "landed" for state, _ in _uploads(server)))
    other.get(address.split(str(server.port))[1])
    data = server.folder / "data"
    kept = set(data.glob("programmes/*/uploads/*/*/*"))
    for path in (path for path in server.folder.rglob("*") if path.is_file() and path not in kept):
        content = path.read_bytes()
        for canary in (UPN.encode(), b"Zebedee"):
            assert canary not in content, path.relative_to(server.folder)
