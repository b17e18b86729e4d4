"""Groups that start one after the other: each is compared with those that have not started yet.

A two-way fixed-effects model would also use groups that started earlier as a comparison, and so take a growing
difference for a falling one (Goodman-Bacon 2021, doi:10.1016/j.jeconom.2021.03.014). Each start is therefore a
comparison of its own, and all are stacked.
"""

from dataclasses import replace

import pandas as pd

from evalkit.analysis.estimate import Estimate
from evalkit.analysis.trial_effects import blank, effect_rows, estimated
from evalkit.analysis.trial_model import fit_trial, yardsticks
from evalkit.analysis.trial_sample import TrialSample, trial_sample
from evalkit.errors import DesignError
from evalkit.records.comparison import NEVER
from evalkit.records.evaluation import Study
from evalkit.records.outcome import Outcome
from evalkit.records.scores import Scores

STACK = "start_wave"


def stacked_sample(scores: Scores, study: Study, outcome: Outcome) -> TrialSample:
    """One comparison under the other: for every wave at which a group starts, that group and all that start later.

    The outcome is the score at that wave and the baseline the one a wave earlier. A pupil may stand in several
    comparisons, so errors are clustered by pupil, or by school where schools started.

    Raises
    ------
    DesignError
        When no group can be compared with one that has not started.
    """
    plan = study.plan
    treated = next(arm.id for arm in plan.arms if not arm.control)
    waves = [wave.id for wave in plan.waves]
    order = {wave: place for place, wave in enumerate(waves)} | {NEVER: len(waves)}
    base = trial_sample(scores, study, outcome)
    parts: list[pd.DataFrame] = []
    for place, wave in enumerate(waves[1:], start=1):
        own = trial_sample(scores, study, outcome, wave=wave).frame
        before = trial_sample(scores, study, outcome, wave=waves[place - 1]).frame if place > 1 else own
        frame = own.assign(baseline=before["outcome"] if place > 1 else own["baseline"])
        started = frame["start"].map(order)
        frame = frame[started.ge(place)].assign(**{STACK: wave})
        is_new = started[frame.index].eq(place)
        frame["arm"] = pd.Categorical(
            [treated if new else plan.control.id for new in is_new], categories=[plan.control.id, treated]
        )
        needed = ["outcome", "baseline", *(one for one in base.terms if one in frame.columns and one != "baseline")]
        frame["analysed"] = frame["in_population"] & frame[needed].notna().all(axis="columns")
        if frame.loc[frame["analysed"], "arm"].nunique() == 2:
            parts.append(frame)
    if not parts:
        raise DesignError(
            f"{plan.id}: {outcome.label}: no group that starts can be compared with one that has not started yet. "
            "Every start needs pupils with scores at that wave and one wave earlier, and so do those that start later."
        )
    stacked = pd.concat(parts, ignore_index=True)
    terms = tuple(dict.fromkeys(["baseline", *base.terms, STACK]))
    return replace(base, frame=stacked, terms=terms, left_out=())


def start_rows(sample: TrialSample) -> list[Estimate]:
    """A row for each start: its group against those that had not started, by the same model."""
    rows: list[Estimate] = []
    for wave, frame in sample.frame.groupby(STACK, sort=False):
        own = replace(sample, frame=frame, wave=str(wave), terms=tuple(one for one in sample.terms if one != STACK))

        def build(own: TrialSample = own, wave: str = str(wave)) -> list[Estimate]:
            model = fit_trial(own)
            scales = yardsticks(model) if own.outcome.kind == "number" else {}
            return effect_rows(model, scales, inquiry="start_group", subgroup=f"start: {wave}")

        blanks = [
            blank(own, arm, inquiry="start_group", estimator="ancova", subgroup=f"start: {wave}") for arm in own.treated
        ]
        rows += estimated(blanks, build)
    return rows
