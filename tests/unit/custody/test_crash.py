"""After SIGKILL at any step, or on a full disk, the old state or the new one is there, and the next writer succeeds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("crash_driver.py")
if sys.platform != "linux":
    pytest.skip("forks and file limits of Linux are needed", allow_module_level=True)

OLD_AND_NEW = {
    "release": ("20", "30"),
    "first_release": ("nothing", "30"),
    "results": ("old50003", "new50003"),
    "first_results": ("nothing", "new50003"),
    "ledger": ("3", "403"),
    "first_ledger": ("nothing", "400"),
    "erasure": ("20", "19"),
    "key": ("0", "1"),
    "audit": ("1", "2"),
    "first_mapping": ("nothing", "2"),
    "mapping": ("1", "2"),
    "mapping_erasure": ("2", "1"),
    "keeping": ("20 none", "20 20"),
    "undo": ("30 20", "20 none"),
}
BETWEEN = {"undo": {"20 20"}}  # the release is put back, then the one beside it goes


def drive(scenario: str, kind: str, folder: Path) -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, str(DRIVER), scenario, kind, str(folder)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("scenario", OLD_AND_NEW)
def test_killed_at_every_step(scenario: str, study_folder: Path) -> None:
    old, new = OLD_AND_NEW[scenario]
    runs = drive(scenario, "kill", study_folder)
    assert len(runs) > 2
    assert runs[-1]["outcome"] == "done"
    for step, run in enumerate(runs, start=1):
        assert run["before"] == old
        assert run["found"] in {old, new, *BETWEEN.get(scenario, ())}, (step, run)
        assert run["left"] == [], (step, run)
    assert {run["found"] for run in runs} == {old, new, *BETWEEN.get(scenario, ())}
    written_twice = {
        "ledger": {"403", "803"},
        "first_ledger": {"400", "800"},
        "audit": {"2", "3"},
    }
    assert {run["again"] for run in runs} == written_twice.get(scenario, {new})


@pytest.mark.parametrize("scenario", OLD_AND_NEW)
def test_a_full_disk_is_said_and_changes_nothing(scenario: str, study_folder: Path) -> None:
    old, new = OLD_AND_NEW[scenario]
    runs = drive(scenario, "full", study_folder)
    assert {run["outcome"] for run in runs} == {"refused", "done"}
    for run in runs:
        between = BETWEEN.get(scenario, set()) if run["outcome"] == "refused" else set()
        assert run["found"] in {old if run["outcome"] == "refused" else new, *between}, run
        assert run["left"] == [], run
