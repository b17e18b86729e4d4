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


def drive(kind: str, folder: Path) -> dict[str, list[dict[str, str]]]:
    """What was found in every scenario; one process for all, because starting one costs more than most scenarios do."""
    done = subprocess.run([sys.executable, str(DRIVER), kind, str(folder)], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == set(OLD_AND_NEW)
    return found


def test_killed_at_every_step(study_folder: Path) -> None:
    written_twice = {"ledger": {"403", "803"}, "first_ledger": {"400", "800"}, "audit": {"2", "3"}}
    for scenario, runs in drive("kill", study_folder).items():
        old, new = OLD_AND_NEW[scenario]
        assert len(runs) > 2, scenario
        assert runs[-1]["outcome"] == "done", scenario
        for step, run in enumerate(runs, start=1):
            assert run["before"] == old, (scenario, step, run)
            assert run["found"] in {old, new, *BETWEEN.get(scenario, ())}, (scenario, step, run)
            assert run["left"] == [], (scenario, step, run)
        assert {run["found"] for run in runs} == {old, new, *BETWEEN.get(scenario, ())}, scenario
        assert {run["again"] for run in runs} == written_twice.get(scenario, {new}), scenario


def test_a_full_disk_is_said_and_changes_nothing(study_folder: Path) -> None:
    for scenario, runs in drive("full", study_folder).items():
        old, new = OLD_AND_NEW[scenario]
        assert {run["outcome"] for run in runs} == {"refused", "done"}, scenario
        for run in runs:
            between = BETWEEN.get(scenario, set()) if run["outcome"] == "refused" else set()
            assert run["found"] in {old if run["outcome"] == "refused" else new, *between}, (scenario, run)
            assert run["left"] == [], (scenario, run)
