"""Survey files changed under the guidance of coverage: by hand, as `mutations.log` tells (`-m slow`)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = os.environ.get("EVALKIT_FUZZ", "5000")


@pytest.mark.slow
def test_coverage_finds_no_crash_and_no_hang(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="the extra 'fuzz' is not installed")
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), f"-runs={RUNS}", "-seed=1"]
    done = subprocess.run(command, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True)
    print(done.stderr[-2_000:])  # noqa: T201
    assert done.returncode == 0, done.stderr[-4_000:]
    assert f"Done {RUNS} runs" in done.stderr
