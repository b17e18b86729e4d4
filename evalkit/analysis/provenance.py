"""What the results were made from: hashes and versions, no clock and no path."""

import hashlib
import json
import platform
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from evalkit import __version__
from evalkit.errors import SpecError
from evalkit.records.evaluation import EVALUATION_FILE, Evaluation, Study
from evalkit.records.instrument import Instrument, instrument_file
from evalkit.records.results import Provenance
from evalkit.records.scores import Scores
from evalkit.records.spec_file import Spec, read_spec

NUMERIC_PACKAGES = ("numpy", "pandas", "pingouin", "scipy", "statsmodels")


def provenance(scores: Scores | None, study: Study) -> tuple[Provenance, tuple[str, ...]]:
    """The provenance, and a note for each file on disk that is not what was used; without scores there is no release.

    A plan or instrument that was changed in memory (or never saved) has the hash of its content instead of the hash of
    a file, and a note says so: nobody shall take it for the file.
    """
    notes: list[str] = []
    plan_sha256, is_file = _sha256_of(study.plan, [study.folder / EVALUATION_FILE], Evaluation)
    if not is_file:
        notes.append("The plan that was used is not the saved evaluation.yaml; its hash is that of its content.")
    instruments: dict[str, str] = {}
    measures = {one.id for one in study.plan.measures}  # they stand in the plan, whose hash covers them
    for instrument in study.instruments:
        file = instrument_file(instrument, beside=study.folder)
        instruments[instrument.identity], is_file = _sha256_of(instrument, [file] if file else [], Instrument)
        if not is_file and instrument.id not in measures:
            notes.append(
                f"The instrument {instrument.id} that was used is not the saved file; its hash is that of its content."
            )
    made = Provenance(
        evalkit=__version__,
        plan_sha256=plan_sha256,
        release_sha256=scores.release_sha256 if scores else "",
        instruments=instruments,
        sources=tuple((name, sha256) for name, sha256 in scores.sources) if scores else (),
        seed=study.plan.seed,
        environment=environment(),
    )
    return made, tuple(notes)


def environment() -> dict[str, str]:
    """Python, the packages that touch numbers, and the machine type."""
    packages = {name: version(name) for name in NUMERIC_PACKAGES}
    return {"python": platform.python_version(), "machine": platform.machine(), **packages}


def _sha256_of(spec: Spec, files: list[Path], model: type[Spec]) -> tuple[str, bool]:
    """SHA-256 of the file that holds exactly this spec; else of the spec's content, and False."""
    file = next((file for file in files if file.is_file()), None)
    if file is not None:
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        if _spec_in(file, sha256, model) == spec:
            return sha256, True
    content = json.dumps(spec.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest(), False


@lru_cache(maxsize=64)
def _spec_in(file: Path, sha256: str, model: type[Spec]) -> Spec | None:
    """What the file says, read once for each content (`sha256`); None when it can no longer be read."""
    try:
        return read_spec(file, model)
    except SpecError:
        return None
