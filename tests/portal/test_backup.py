"""A portal comes back from its backup as it was, into an empty place only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from evalkit.portal.backup import back_up, restore
from evalkit.portal.models import Participation, School
from evalkit.portal.tenancy import everything

from .conftest import add_programme

PROGRAM = "import sys; from evalkit.cli import main; sys.argv[0] = 'evalkit'; main()"
SHELL = """
from evalkit.portal.models import School, Programme, Person
from evalkit.portal.tenancy import everything
with everything():
    {}
"""


@pytest.fixture
def run(tmp_path: Path):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "EVALKIT", "DJANGO"))}
    clean.pop("DATABASE_URL", None)

    def run(*words: str, data: str = "first", ok: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "portal", "--data", str(tmp_path / data), *words],
            capture_output=True, text=True, env=clean, cwd=tmp_path, timeout=120,
        )  # fmt: skip
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the same for SQLite stands below")
@pytest.mark.django_db(transaction=True)
def test_there_and_back_on_postgresql(data: Path, tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with everything():
        programme = add_programme("Programme one")
        school = School.objects.create(urn="100001", name="Mine Academy")
        Participation.objects.create(programme=programme, school=school)
    archive = tmp_path / "copy.tar.gz"
    assert back_up(archive)["files"] == 2
    own = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS restored")
        cursor.execute("CREATE DATABASE restored")
    settings.DATA = tmp_path / "second"
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", "restored")
    assert restore(archive)["files"] == 2
    assert (programme.folder / "evaluation.yaml").is_file()
    connection.close()
    connection.settings_dict["NAME"] = "restored"
    try:
        with everything():
            assert Participation.objects.get().school.name == "Mine Academy"
        assert not Participation.objects.exists()  # the policies came back too
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own


@pytest.mark.sqlite_only
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the same for PostgreSQL stands above")
def test_there_and_back(run, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "secret.txt").write_text("s" * 60)
    run("manage", "migrate", "--verbosity=0")
    run("manage", "shell", "-v0", "-c", SHELL.format("School.objects.create(urn='100001', name='Mine Academy')"))
    deep = tmp_path / "first" / "programmes" / "p" / "uploads"
    deep.mkdir(parents=True)
    (deep / "survey.csv").write_bytes(b"code,q1\n")
    said = run("backup", "copy.tar.gz")
    assert "2 files" in said
    assert (tmp_path / "copy.tar.gz").stat().st_mode & 0o077 == 0
    assert "never written over" in run("backup", "copy.tar.gz", ok=False)
    assert "holds data" in run("restore", "copy.tar.gz", ok=False)
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "secret.txt").write_text("t" * 60)
    run("restore", "copy.tar.gz", data="second")
    assert (tmp_path / "second" / "programmes" / "p" / "uploads" / "survey.csv").read_bytes() == b"code,q1\n"
    assert (tmp_path / "second" / "secret.txt").read_text() == "t" * 60
    assert "Mine Academy" in run(
        "manage", "shell", "-v0", "-c", SHELL.format("print(School.objects.get().name)"), data="second"
    )
    damaged = bytearray((tmp_path / "copy.tar.gz").read_bytes())
    damaged[len(damaged) // 2] ^= 255
    (tmp_path / "damaged.tar.gz").write_bytes(damaged)
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "secret.txt").write_text("t" * 60)
    assert "damaged" in run("restore", "damaged.tar.gz", data="third", ok=False)
    assert {path.name for path in (tmp_path / "third").iterdir()} <= {"secret.txt", "incoming"}
