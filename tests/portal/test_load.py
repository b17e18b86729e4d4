"""Ten schools upload at once to a real server (untimed): nobody fails, nothing is lost, nothing doubled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from .real_server import QUICK

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.sqlite_only
@pytest.mark.skipif(os.name != "posix" or connection.vendor != "sqlite", reason="serves its own database")
def test_ten_schools_at_once(tmp_path: Path) -> None:
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "EVALKIT_PORTAL", "DJANGO"))
    }
    paths = os.pathsep.join([str(ROOT), QUICK["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "portal.py"), "--schools=10", "--seconds=1", "--database=sqlite"],
        capture_output=True, text=True, timeout=400,
        env=clean | QUICK | {"TMPDIR": str(tmp_path), "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed, 10 confirmed, 10 uploads in all" in done.stdout
