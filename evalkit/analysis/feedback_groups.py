"""Who answered a survey of staff: one score at one occasion, by school, as numbers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.evaluation_parts import Wave
from evalkit.records.outcome import Outcome
from evalkit.records.scores import Scores
from evalkit.stats.disclosure import mean_is_safe, proportion_is_safe
from evalkit.stats.vectors import FloatArray

Kind = Literal["share", "net", "mean"]
FEWEST_SCHOOLS = 2  # with one there is no spread between schools to learn from


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The scores of one question at one wave.

    Attributes
    ----------
    kind : share (each person agrees or not), net (top less bottom) or mean (of a scale)
    values : shape (n,); 0 and 1 for a share, -1, 0 and 1 for a net score, else the scale's own points
    schools : shape (n,), the school of each person; None where there are no schools, or only one
    people : shape (n,), who they are; the same at another wave only where the plan says that people are linked
    low, high : ends of the scale of a mean
    """

    outcome: Outcome
    wave: Wave
    kind: Kind
    values: FloatArray = field(repr=False)
    schools: "np.ndarray | None" = field(repr=False)
    people: "np.ndarray" = field(repr=False)
    groups: pd.DataFrame = field(repr=False)
    low: float
    high: float

    @property
    def n(self) -> int:
        """How many answered this question."""
        return len(self.values)

    @property
    def count(self) -> int:
        """How many agreed."""
        return int(self.values.sum())

    def is_shown(self, threshold: int) -> bool:
        """Whether numbers about these answers may be shown."""
        if self.kind == "share":
            return proportion_is_safe(self.count, self.n, threshold)
        if not mean_is_safe(self.n, threshold):
            return False
        low, high = (-1.0, 1.0) if self.kind == "net" else (self.low, self.high)
        # The sum of distances from an end is at least the number of people who are not at that end.
        return min((self.values - low).sum(), (high - self.values).sum()) >= threshold * (
            1 if self.kind == "mean" else 2
        )


def all_answers(scores: Scores, study: Study) -> list[Answers]:
    """Every question of the plan at every wave, in the plan's order."""
    return [one for outcome in study.plan.outcomes for one in _of_outcome(scores, study, outcome)]


def answered(scores: Scores, plan: Evaluation) -> dict[str, int]:
    """How many answered at least one question, by wave."""
    some = scores.frame[scores.frame["n_answered"] > 0]
    return {wave.id: int(some.loc[some["wave"] == wave.id, "pupil"].nunique()) for wave in plan.waves}


def _of_outcome(scores: Scores, study: Study, outcome: Outcome) -> Iterator[Answers]:
    frame = scores.frame[(scores.frame["scale"] == outcome.scale) & scores.frame["value"].notna()]
    roster = scores.roster.drop(columns=[name for name in ("wave", "arm") if name in scores.roster.columns])
    frame = frame.merge(roster, on="pupil", how="left", sort=False).sort_values("pupil", kind="stable")
    instrument = study.instrument(outcome.instrument)
    method = next(score.method for score in instrument.scores if score.id == outcome.score)
    low, high = instrument.range_of(outcome.score)
    for wave in study.plan.waves:
        rows = frame[frame["wave"] == wave.id]
        values = rows["value"].to_numpy(dtype=np.float64)
        if not len(values):
            continue
        kind: Kind = "mean"
        if method == "percent_in" and bool(np.isin(values, (0.0, 100.0)).all()):
            kind, values = "share", values / 100
        elif method == "top_minus_bottom":
            kind, values = "net", values / 100
        yield Answers(
            outcome, wave, kind, values, _schools(rows, study.plan), rows["pupil"].to_numpy(dtype=str),
            rows.reset_index(drop=True), low, high,
        )  # fmt: skip


def _schools(rows: pd.DataFrame, plan: Evaluation) -> "np.ndarray | None":
    if plan.clusters is None or "school" not in rows.columns:
        return None
    # Who names no school cannot be put with others: each is a school apart.
    named = rows["school"].fillna("").astype("str")
    if named[named != ""].nunique() < FEWEST_SCHOOLS:
        return None
    return named.where(named != "", rows["pupil"]).to_numpy(dtype=str)
