"""Trials of a few pupils for sums by hand: the sample of a plan, with its frame of pupils put in as it is given."""

from dataclasses import replace
from typing import Any

import pandas as pd

from evalkit.analysis.trial_sample import NOT_RECORDED, TrialSample, trial_sample
from tests.unit.analysis.trial_scores import MadeDesign, make_trial


def sample_of(
    rows: list[dict[str, Any]],
    *,
    design: MadeDesign = "cluster",
    schools: list[dict[str, Any]] | None = None,
    arms: int = 2,
    **changes: Any,
) -> TrialSample:
    """A sample with these pupils. A row gives `arm`, and what is not as usual: an outcome and a baseline of 100, in the
    population, without a recorded reason; who has an outcome is analysed. `changes` are keys of the plan."""
    study, scores = make_trial(design=design, schools=6, pupils=6, arms=arms, changes=changes)
    made = trial_sample(scores, study, study.plan.outcomes[0])
    usual = {"outcome": 100.0, "baseline": 100.0, "in_population": True, "left": NOT_RECORDED}
    frame = pd.DataFrame([usual | row for row in rows])
    frame["pupil"] = [f"P{place}" for place in range(len(frame))]
    frame["arm"] = pd.Categorical(frame["arm"], categories=list(made.frame["arm"].cat.categories))
    if "analysed" not in frame.columns:
        frame["analysed"] = frame["in_population"] & frame["outcome"].notna()
    if schools is None and "school" in frame.columns:
        school_list = frame[["school", "arm"]].drop_duplicates("school").astype("str").reset_index(drop=True)
    else:
        school_list = pd.DataFrame(schools or [])
    return replace(made, frame=frame, schools=school_list)
