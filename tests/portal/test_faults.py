"""A real server and a real worker, killed and flooded: nothing is lost, nothing doubled, nothing of a pupil leaks."""

import os
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from evalkit.shipped import shipped

from .real_server import Browser, Server, new_server, wait_for, with_people

GOOD = shipped("analyses") / "keyham-resilience" / "data" / "pre.xlsx"
UPN = "H801200001001"

pytestmark = [
    pytest.mark.sqlite_only,
    pytest.mark.skipif(
        os.name != "posix" or connection.vendor != "sqlite", reason="needs signals, and its own database"
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = with_people(new_server(tmp_path_factory.mktemp("server")))
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
