"""Kill the writer at every step, in forked children; run by test_crash.py in a process of its own.

Python reports each file operation to an audit hook before it is done. The child counts them and kills itself with
SIGKILL at the one asked for, so that nothing gets tidied up. `fsync` is counted too. The parent then looks, as any
reader would, and writes once more. For a full disk the system lets no file grow beyond a limit (RLIMIT_FSIZE).

Usage: crash_driver.py KIND FOLDER; prints what was found after each kill (or limit) of every scenario, as JSON.
"""

import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from evalkit.custody.audit import audit, read_audit
from evalkit.custody.codes import issue_codes
from evalkit.custody.erase_mapping import erase_from_mapping
from evalkit.custody.erase_release import erase_from_release
from evalkit.custody.keys import KeyRing, destroy_key, make_key, read_keys
from evalkit.custody.previous import keep_previous, put_previous_back
from evalkit.custody.release import load_release, make_release
from evalkit.errors import EvalkitError, UploadError
from evalkit.records.evaluation import Study, load_evaluation
from evalkit.records.mapping import Mapping, load_mapping, mapping_text
from evalkit.records.responses import Source, Upload
from evalkit.records.whole_file import write_whole

WATCHED = (
    "open",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.mkdir",
    "os.chmod",
    "os.truncate",
    "os.listdir",
    "os.scandir",
)
LARGE = "x" * 50_000


class Scenario(NamedTuple):
    """How the old state is made, the new one is written, and the state is read (anything but these two is torn)."""

    before: Callable[[Path], None]
    write: Callable[[Path], None]
    state: Callable[[Path], str]


def upload(wave: str, pupils: int) -> Upload:
    items = [f"tiny4.q{number}" for number in range(1, 5)]
    rows = [{"pupil": f"P{one:03d}", "wave": wave, **dict.fromkeys(items, 1 + one % 5)} for one in range(pupils)]
    frame = pd.DataFrame(rows).astype(dict.fromkeys(items, "Int16"))
    return Upload(frame, (), Source(f"{wave}.csv", "0" * 64, "", pupils))


@cache
def plan(folder: Path) -> Study:
    """The plan of a folder, read once: in every run it is the same."""
    return load_evaluation(folder)


def release(pupils: int) -> Callable[[Path], None]:
    uploads = [upload("pre", pupils), upload("post", pupils)]

    def write(folder: Path) -> None:
        make_release(uploads, plan(folder), to=folder / "release")

    return write


def release_state(folder: Path) -> str:
    if not (folder / "release").exists() and not (folder / ".release.old").exists():
        return "nothing"
    return str(len(load_release(folder / "release").roster))


def erase(folder: Path) -> None:
    erase_from_release(folder / "release", ["P001"])


def ring(folder: Path) -> KeyRing:
    return read_keys("tiny", keys=folder / "keys", data=folder / "data")


def destroy(folder: Path) -> None:
    for key in ring(folder).keys:
        destroy_key(ring(folder), key.version)


def nothing(folder: Path) -> None:
    """Where there was nothing before."""


def codes(count: int) -> Callable[[Path], None]:
    return lambda folder: void(issue_codes({"7B": count}, programme="tiny", seed=1, ledger=folder / "codes.jsonl"))


def codes_state(folder: Path) -> str:
    try:
        return str(len(issue_codes({"7B": 0}, programme="tiny", seed=1, ledger=folder / "codes.jsonl").frame))
    except EvalkitError:
        return "nothing"


def note(folder: Path) -> None:
    audit(folder, "upload", target=LARGE, who="test")


def void(made: object) -> None:
    """Take what a writer returns."""


def text(content: str) -> Callable[[Path], None]:
    return lambda folder: write_whole(folder / "results.json", content)


def text_state(folder: Path) -> str:
    path = folder / "results.json"
    return path.read_text()[:3] + str(path.stat().st_size) if path.exists() else "nothing"


def keep(folder: Path) -> None:
    keep_previous(folder / "release")


def two_releases(folder: Path) -> None:
    release(20)(folder)
    keep(folder)
    release(30)(folder)


def kept_state(folder: Path) -> str:
    """Pupils of the release, and of the one kept beside it if there is one."""
    kept = folder / "release.before"
    beside = len(load_release(kept).roster) if kept.exists() else "none"
    return f"{release_state(folder)} {beside}"


def undo(folder: Path) -> None:
    """Go back; when that was done already nothing is left to go back to."""
    try:
        put_previous_back(folder / "release")
    except UploadError:
        shutil.rmtree(folder / ".release.before.waste", ignore_errors=True)


def mapping(*codes: str) -> Callable[[Path], None]:
    content = Mapping.model_validate({"schema": "evalkit-mapping/1", "codes": dict.fromkeys(codes, "P001")})
    return lambda folder: write_whole(folder / "mapping.yaml", mapping_text(content))


def erase_decision(folder: Path) -> None:
    erase_from_mapping(folder / "mapping.yaml", ["P9"], {})


def mapping_state(folder: Path) -> str:
    path = folder / "mapping.yaml"
    return str(len(load_mapping(path).codes)) if path.exists() else "nothing"


SCENARIOS = {
    "keeping": Scenario(release(20), keep, kept_state),
    "undo": Scenario(two_releases, undo, kept_state),
    "first_mapping": Scenario(nothing, mapping("P1", "P2"), mapping_state),
    "mapping": Scenario(mapping("P1"), mapping("P1", "P2"), mapping_state),
    "mapping_erasure": Scenario(mapping("P1", "P9"), erase_decision, mapping_state),
    "release": Scenario(release(20), release(30), release_state),
    "first_release": Scenario(nothing, release(30), release_state),
    "results": Scenario(text("old" + LARGE), text("new" + LARGE), text_state),
    "first_results": Scenario(nothing, text("new" + LARGE), text_state),
    "ledger": Scenario(codes(3), codes(400), codes_state),
    "first_ledger": Scenario(nothing, codes(400), codes_state),
    "erasure": Scenario(release(20), erase, release_state),
    "key": Scenario(
        lambda folder: void(make_key(ring(folder))), destroy, lambda folder: str(len(ring(folder).destroyed))
    ),
    "audit": Scenario(note, note, lambda folder: str(len(read_audit(folder)))),
}


def child(scenario: Scenario, folder: Path, kill_at: int, limit: int) -> str:
    """Write in a forked child. Returns killed, done, refused or broken."""
    process = os.fork()
    if process == 0:
        if limit:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        count = 0

        def step() -> None:
            nonlocal count
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            if event in WATCHED and (str(arguments[0]).startswith(str(folder)) or event in ("os.remove", "os.rmdir")):
                step()

        real = os.fsync
        os.fsync = lambda handle: (step(), real(handle))[1]
        sys.addaudithook(hook)
        try:
            scenario.write(folder)
        except EvalkitError:
            os._exit(3)
        except BaseException:
            os._exit(4)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return {0: "done", 3: "refused"}.get(os.WEXITSTATUS(status), "broken")


def copy_of(template: Path) -> Path:
    """A folder to work in, as the template is."""
    folder = template.with_name("work")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    return folder


def one_run(scenario: Scenario, template: Path, before: str, *, kill_at: int = 0, limit: int = 0) -> dict[str, object]:
    folder = copy_of(template)
    plan(folder)  # not read by the child, whose steps all are steps of writing then
    outcome = child(scenario, folder, kill_at, limit)
    found = scenario.state(folder)
    scenario.write(folder)
    again = scenario.state(folder)
    left = sorted(path.name for path in folder.iterdir() if path.name.startswith(".release"))
    return {"before": before, "outcome": outcome, "found": found, "again": again, "left": left}


def runs_of(scenario: Scenario, kind: str, template: Path) -> list[dict[str, object]]:
    """Every run of a scenario."""
    scenario.before(template)
    before = scenario.state(copy_of(template))
    runs: list[dict[str, object]] = []
    if kind == "kill":
        while not runs or runs[-1]["outcome"] == "killed":
            runs.append(one_run(scenario, template, before, kill_at=len(runs) + 1))
    else:
        for limit in (1, 100, 700, 1_500, 3_000, 10_000, 60_000, 200_000):
            runs.append(one_run(scenario, template, before, limit=limit))
    return runs


def main() -> None:
    kind, place = sys.argv[1:]
    found: dict[str, list[dict[str, object]]] = {}
    for name, scenario in SCENARIOS.items():
        template = Path(place).with_name(f"of-{name}") / "study"
        shutil.copytree(place, template)
        found[name] = runs_of(scenario, kind, template)
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
