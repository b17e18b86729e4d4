"""The result of an evaluation: everything a report shows, and nothing about a single pupil."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import pandas as pd
from pydantic import ValidationError

from evalkit.errors import SpecError
from evalkit.records.evaluation import Evaluation

RESULTS_FILE = "results.json"
RESULTS_SCHEMA = "evalkit-results/1"
ESTIMATE_COLUMNS = (
    "inquiry", "outcome", "wave", "subgroup", "contrast", "estimator", "estimate", "std_error", "df", "statistic",
    "p_value", "family", "p_adjusted", "conf_low", "conf_high", "conf_level", "unit", "effect_size", "es_low",
    "es_high", "es_type", "es_interval", "n_treated", "n_control", "clusters_treated", "clusters_control",
    "scale_version", "status", "reason",
)  # fmt: skip
TEXT_COLUMNS = frozenset(
    {
        "inquiry", "outcome", "wave", "subgroup", "contrast", "estimator", "family", "unit", "es_type", "es_interval",
        "scale_version", "status", "reason", "model", "scale", "item", "label", "step", "role", "arm", "school",
        "key", "what", "kind", "sealed", "now", "sha256", "outcome_files", "level", "sample", "variable", "category",
        "cautious", "optimistic", "measure", "pattern", "row",
        "factor", "between", "holds", "reference", "focal", "size", "flagged",
        "found", "fits", "grade_from", "grade_to",
        "bands", "column", "note", "source", "threat", "title", "direction", "verdict", "name", "timing", "quantity",
        "compliance", "band", "topic", "source_status",
    }
)  # fmt: skip
CheckName = Literal["comparison", "size", "drop_out", "measure", "delivery"]
Rating = Literal["strong", "fair", "weak", "unknown"]
Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Caveat:
    """Something a reader must know.

    Attributes
    ----------
    kind : stable name, for example no_comparison_group; `report/words.py` holds the sentence for it
    outcome : the outcome it is about, or "" for all
    level : limit (always true of this design), warning (true of these data), note
    facts : the numbers the sentence needs, unrounded
    """

    kind: str
    level: Literal["limit", "warning", "note"]
    outcome: str = ""
    facts: Mapping[str, Value] = cast("Mapping[str, Value]", None)

    def __post_init__(self) -> None:
        if self.facts is None:  # pyright: ignore[reportUnnecessaryComparison]
            object.__setattr__(self, "facts", {})


@dataclass(frozen=True, slots=True)
class Check:
    """One of the five questions behind "how sure are we?", its rating and the facts it rests on."""

    name: CheckName
    rating: Rating
    facts: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the results were made from; no clock.

    Attributes
    ----------
    evalkit : version of evalkit
    plan_sha256, release_sha256 : hashes of evaluation.yaml and of the release's manifest
    instruments : mapping of instrument identity to the SHA-256 of its file
    sources : (name, SHA-256) of the survey files
    seed : the plan's seed
    environment : Python, packages and machine type; results may differ in the last digits between environments
    """

    evalkit: str
    plan_sha256: str
    release_sha256: str
    instruments: Mapping[str, str]
    sources: tuple[tuple[str, str], ...]
    seed: int
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Results:
    """The frozen result of one evaluation.

    Attributes
    ----------
    plan : Evaluation - as run
    instruments : mapping of instrument id to the facts a report needs about it (title, citation, labels, cautions,
        verified reliabilities), plain JSON values
    estimates : frame, ESTIMATE_COLUMNS - a row per estimate; what could not be estimated is a row with a `reason`
    models : frame - a row per model (outcome), the numbers that describe its sample and fit
    checks : the five checks
    caveats : what a reader must know
    displays : mapping of name to a small frame of aggregates, already disclosure-controlled; the only source of figures
    notes : decisions taken on the data, a sentence each
    provenance : Provenance
    """

    plan: Evaluation
    instruments: Mapping[str, Any]
    estimates: pd.DataFrame
    models: pd.DataFrame
    checks: tuple[Check, ...]
    caveats: tuple[Caveat, ...]
    displays: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...]
    provenance: Provenance

    def __repr__(self) -> str:
        return f"<Results of {self.plan.id}: {len(self.estimates)} estimates, {len(self.displays)} displays>"

    def tidy(self) -> pd.DataFrame:
        """A copy of the estimates, a row per estimate."""
        return self.estimates.copy()

    def glance(self) -> pd.DataFrame:
        """A copy of the models, a row per model."""
        return self.models.copy()

    def to_json(self) -> str:
        """The whole record as JSON text: equal results give equal bytes."""
        content = {
            "schema": RESULTS_SCHEMA,
            "plan": self.plan.model_dump(mode="json", by_alias=True),
            "instruments": self.instruments,
            "estimates": _frame_to_json(self.estimates),
            "models": _frame_to_json(self.models),
            "checks": [{"name": one.name, "rating": one.rating, "facts": dict(one.facts)} for one in self.checks],
            "caveats": [
                {"kind": one.kind, "level": one.level, "outcome": one.outcome, "facts": dict(one.facts)}
                for one in self.caveats
            ],
            "displays": {name: _frame_to_json(frame) for name, frame in self.displays.items()},
            "notes": list(self.notes),
            "provenance": {
                "evalkit": self.provenance.evalkit,
                "plan_sha256": self.provenance.plan_sha256,
                "release_sha256": self.provenance.release_sha256,
                "instruments": dict(self.provenance.instruments),
                "sources": [list(source) for source in self.provenance.sources],
                "seed": self.provenance.seed,
                "environment": dict(self.provenance.environment),
            },
        }
        return json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Results":
        """Read back what `to_json` wrote. Raises SpecError for other text or another version of the format."""
        content = _parse(text)
        source = content["provenance"]
        return cls(
            plan=_plan(content["plan"]),
            instruments=content["instruments"],
            estimates=_frame_from_json(content["estimates"]),
            models=_frame_from_json(content["models"]),
            checks=tuple(Check(**one) for one in content["checks"]),
            caveats=tuple(Caveat(**one) for one in content["caveats"]),
            displays={name: _frame_from_json(frame) for name, frame in content["displays"].items()},
            notes=tuple(content["notes"]),
            provenance=Provenance(
                evalkit=source["evalkit"],
                plan_sha256=source["plan_sha256"],
                release_sha256=source["release_sha256"],
                instruments=source["instruments"],
                sources=tuple((name, sha256) for name, sha256 in source["sources"]),
                seed=source["seed"],
                environment=source["environment"],
            ),
        )


def _plan(content: object) -> Evaluation:
    """The plan as run. A plan that this evalkit does not accept was run by another version."""
    try:
        return Evaluation.model_validate(content)
    except ValidationError as error:
        faults = [str(one["msg"]) for one in error.errors(include_url=False, include_input=False)]
        raise SpecError(
            "These results hold a plan that this version of evalkit does not accept. Run the analysis again.",
            problems=faults,
        ) from None


def load_results(path: str | Path) -> Results:
    """Read `results.json`. Raises SpecError when it is missing or not a results file of this version."""
    place = Path(path)
    if not place.is_file():
        raise SpecError(f"{place}: there is no results file here. Make one with 'evalkit run FOLDER'.")
    return Results.from_json(place.read_text(encoding="utf-8"))


def _parse(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise SpecError(
            f"This is not a results file (line {error.lineno}: {error.msg}). Run the analysis again."
        ) from None
    parsed = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
    if parsed.get("schema") != RESULTS_SCHEMA:
        found = parsed.get("schema", "something else")
        raise SpecError(
            f"Expected a results file of the format {RESULTS_SCHEMA}, found {found}. Run the analysis again."
        )
    return parsed


def _frame_to_json(frame: pd.DataFrame) -> dict[str, Any]:
    columns = [str(column) for column in frame.columns]
    return {"columns": columns, "rows": [list(row) for row in frame.astype(object).itertuples(index=False, name=None)]}


def _frame_from_json(content: Mapping[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(content["rows"], columns=content["columns"])
    for column in frame.columns:
        if column in TEXT_COLUMNS or frame[column].map(lambda value: isinstance(value, str)).any():
            frame[column] = frame[column].fillna("").astype("str")
        else:
            frame[column] = pd.to_numeric(frame[column])
    return frame


def _plain(value: Any) -> Any:
    """Plain JSON values: numpy scalars unboxed, NaN and NA as null, whole floats kept as floats."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[Any]", value)]
    if value is None or value is pd.NA:
        return None
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
