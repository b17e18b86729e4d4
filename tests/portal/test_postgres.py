"""The portal on PostgreSQL: its own tests again, as a role without special rights; then restarts of the database."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
REQUIRED = "postgres" in os.environ.get("EVALKIT_REQUIRE", "")
ROLE = "CREATE ROLE portal_app LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS PASSWORD 'for-tests-only'"


@pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")) or not (REQUIRED or shutil.which("pg_virtualenv")),
    reason="pg_virtualenv is not on PATH (Debian's postgresql-common has it), or this is the run within it",
)
def test_the_portals_tests_pass_on_postgresql(tmp_path: Path) -> None:
    script = f"""
set -e
psql -q -c "{ROLE}"
psql -q -c "CREATE DATABASE portal OWNER portal_app"
export DATABASE_URL="postgres://portal_app:for-tests-only@$PGHOST:$PGPORT/portal"
{sys.executable} -m pytest {TESTS} -q -x -p no:cacheprovider -n 0 -m "not sqlite_only"
exec {sys.executable} {TESTS / "restart_driver.py"}
"""
    clean = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTEST", "EVALKIT_PORTAL", "DJANGO", "PG"))
    }
    done = subprocess.run(
        ["pg_virtualenv", "-o", "fsync=off", "bash", "-c", script],
        capture_output=True, text=True, timeout=400, env=clean, cwd=TESTS.parent.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
    assert "nothing lost" in done.stdout
