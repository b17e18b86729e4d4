"""From the frame of scores to arrays: the linked pupils of one outcome, and those who left."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evalkit.errors import DesignError
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.outcome import Outcome
from evalkit.records.scores import Scores
from evalkit.stats.disclosure import mean_is_safe
from evalkit.stats.vectors import nearly_constant

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PairedSample:
    """The pupils of one outcome, in the order of their codes.

    Attributes
    ----------
    outcome : Outcome
    wave_pre, wave_post : the waves' ids
    scale_version : the version of the scale in these data
    low, high : ends of the scale
    higher_is : better, worse or neither
    pre, post : scores of the linked pupils, shape (n_linked,)
    flagged : whether the answers of a linked pupil show a sign of careless answering in either wave, shape (n_linked,)
    left : baseline scores of those without a score afterwards, shape (n_pre - n_linked,)
    n_pre, n_post : pupils with a score in that wave
    problem : why the two waves cannot be compared, else empty
    """

    outcome: Outcome
    wave_pre: str
    wave_post: str
    scale_version: str
    low: float
    high: float
    higher_is: str
    pre: Vector
    post: Vector
    flagged: npt.NDArray[np.bool_]
    left: Vector
    n_pre: int
    n_post: int
    problem: str

    def shows_numbers(self, threshold: int) -> bool:
        """Whether numbers about the linked pupils may be shown: the waves compare, and the pupils are enough."""
        return not self.problem and mean_is_safe(self.n_linked, threshold)

    @property
    def n_linked(self) -> int:
        """Pupils with a score in both waves."""
        return self.pre.size

    @property
    def changed_alike(self) -> bool:
        """Whether every linked pupil changed by the same amount, or not at all."""
        change = self.post - self.pre
        return bool(change.size) and nearly_constant(change, size=max(abs(self.low), abs(self.high)))

    @property
    def share_lost(self) -> float:
        """Share of the pupils with a baseline score who have none afterwards, 0 to 1; 0 without any."""
        return self.left.size / self.n_pre if self.n_pre else 0.0


@dataclass(frozen=True, slots=True)
class Participation:
    """How many pupils answered before, afterwards, both times, and only once. A single valid answer counts."""

    answered_pre: int
    answered_post: int
    linked: int

    @property
    def pre_only(self) -> int:
        """Pupils who answered before and not afterwards."""
        return self.answered_pre - self.linked

    @property
    def post_only(self) -> int:
        """Pupils who answered afterwards and not before."""
        return self.answered_post - self.linked

    @property
    def share_lost(self) -> float:
        """Share of those who answered before and did not answer afterwards, 0 to 1."""
        return self.pre_only / self.answered_pre if self.answered_pre else 0.0


def participation(scores: Scores, plan: Evaluation) -> Participation:
    """Count who took part when.

    Raises
    ------
    DesignError
        When fewer than two pupils answered in both waves: there is no change to describe.
    """
    pre, post = (_answered(scores.frame, wave.id) for wave in plan.waves)
    linked = len(pre & post)
    if linked < 2:
        found = {0: "no pupil code stands in both", 1: "only one pupil code stands in both"}[linked]
        before, after = plan.waves[0].id, plan.waves[1].id
        raise DesignError(
            f"Linking the waves '{before}' and '{after}' of {plan.id}: {len(pre)} pupils answered in '{before}' and "
            f"{len(post)} in '{after}', but {found}. A change needs at least 2 pupils who answered both times. "
            "Check that pupil codes are written the same way in both files (spaces, capitals, leading zeros), and that "
            "the files are from the same pupils."
        )
    return Participation(len(pre), len(post), linked)


def paired_samples(scores: Scores, study: Study) -> tuple[PairedSample, ...]:
    """Link the two waves of every outcome of the plan, in the plan's order.

    Raises
    ------
    DesignError
        When a pupil stands twice in one wave of a scale, so that nobody can say which score counts.
    """
    keys = ["pupil", "wave", "scale"]
    repeated = int(scores.frame.duplicated(keys).sum())
    if repeated:
        raise DesignError(
            f"The scores of {study.plan.id} hold {repeated} rows too many: a pupil may have one score per wave and "
            "scale. Check the survey files for pupils who answered twice, keep one row each, and score again."
        )
    return tuple(_paired_sample(scores, study, outcome) for outcome in study.plan.outcomes)


def _answered(frame: pd.DataFrame, wave: str) -> set[str]:
    rows = frame[(frame["wave"] == wave) & (frame["n_answered"] > 0)]
    return set(rows["pupil"].astype(str))


def _paired_sample(scores: Scores, study: Study, outcome: Outcome) -> PairedSample:
    wave_pre, wave_post = (wave.id for wave in study.plan.waves)
    rows = scores.frame[scores.frame["scale"] == outcome.scale]
    pre, post = _wave_scores(rows, wave_pre), _wave_scores(rows, wave_post)
    linked = [pupil for pupil in pre.index if pupil in post.index]
    instrument = study.instrument(outcome.instrument)
    low, high = instrument.range_of(outcome.score)
    versions = sorted({str(version) for version in rows["scale_version"]})
    outside = sum(_outside(found.to_numpy(), low, high) for found in (pre, post))
    problem = _version_problem(outcome, versions) or _range_problem(outcome, outside, low, high)
    return PairedSample(
        outcome=outcome,
        wave_pre=wave_pre,
        wave_post=wave_post,
        scale_version=versions[0] if versions else instrument.identity,
        low=low,
        high=high,
        higher_is=instrument.score(outcome.score).higher_is,
        pre=pre.loc[linked].to_numpy(dtype=np.float64),
        post=post.loc[linked].to_numpy(dtype=np.float64),
        flagged=np.isin(linked, _flagged(scores, outcome, (wave_pre, wave_post))),
        left=pre.drop(linked).to_numpy(dtype=np.float64),
        n_pre=len(pre),
        n_post=len(post),
        problem=problem or _linking_problem(outcome, len(pre), len(post), n_linked=len(linked)),
    )


def _wave_scores(rows: pd.DataFrame, wave: str) -> pd.Series:
    """Scores of one wave by pupil, in the order of their codes, so that the file's row order never matters."""
    chosen = rows[(rows["wave"] == wave) & rows["value"].notna()]
    return pd.Series(chosen["value"].to_numpy(), index=chosen["pupil"].astype(str), dtype="float64").sort_index()


def _flagged(scores: Scores, outcome: Outcome, waves: tuple[str, str]) -> list[str]:
    """Pupils with a sign of careless answering in this questionnaire in either wave."""
    rows = scores.flagged
    rows = rows[(rows["instrument"] == outcome.instrument) & rows["wave"].isin(waves)]
    return sorted(set(rows["pupil"].astype(str)))


def _outside(scores: Vector, low: float, high: float) -> int:
    """Scores that cannot be on the scale; a hair of rounding is forgiven."""
    slack = 1e-9 * (high - low)
    return int(np.count_nonzero(~((scores >= low - slack) & (scores <= high + slack))))


def _version_problem(outcome: Outcome, versions: list[str]) -> str:
    if len(versions) < 2:
        return ""
    return (
        f"{outcome.label} was measured with more than one version ({', '.join(versions)}), which are never compared. "
        "Use the same version before and after."
    )


def _range_problem(outcome: Outcome, outside: int, low: float, high: float) -> str:
    if outside == 0:
        return ""
    return (
        f"{outcome.label}: {outside} scores lie outside {low:g} to {high:g}, the range that the instrument states. "
        "Check how the scores were made."
    )


def _linking_problem(outcome: Outcome, n_pre: int, n_post: int, *, n_linked: int) -> str:
    if n_linked > 1:
        return ""
    linked = "none has" if n_linked == 0 else "only one pupil has"
    return (
        f"{outcome.label}: {n_pre} pupils have a score before and {n_post} afterwards, but {linked} both; "
        "at least 2 are needed. Check that the questions of this scale were answered in both files."
    )
