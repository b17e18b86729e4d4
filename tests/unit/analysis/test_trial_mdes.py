"""The MDES at randomisation: as stated, or from what was randomised and found, by the published formula."""

import math
from typing import Any

import pytest
from scipy.stats import t as student

from evalkit.analysis.trial_mdes import OBSERVED, detectable_at_randomisation, randomised_design
from evalkit.analysis.trial_model import TrialModel, fit_trial
from evalkit.analysis.trial_models import variances_of
from evalkit.analysis.trial_sample import TrialSample, trial_sample
from tests.unit.analysis.trial_scores import MadeDesign, make_trial

STATED = {"stage": "randomisation", "schools": 20, "pupils": 15, "icc": 0.17}


def fitted(design: MadeDesign = "cluster", **made: Any) -> tuple[TrialSample, TrialModel, TrialModel]:
    study, scores = make_trial(design=design, **made)
    sample = trial_sample(scores, study, study.plan.outcomes[0])
    return sample, fit_trial(sample), fit_trial(sample, terms=())


def test_as_the_plan_states_it() -> None:
    sample, *_ = fitted(changes={"trial": {"assumed": [STATED | {"stage": "protocol", "pupils": 90}, STATED]}})
    found = detectable_at_randomisation(sample, None, None)
    assert (round(found.value, 3), found.note) == (0.629, "")  # PowerUp!'s published example


def test_of_the_outcomes_own_group_where_it_is_stated() -> None:
    assumed = [STATED, STATED | {"group": "eal", "pupils": 6}]
    study, scores = make_trial(changes={"trial": {"assumed": assumed}})
    outcome = type(study.plan.outcomes[0]).model_validate(
        study.plan.outcomes[0].model_dump() | {"pupils": {"subgroup": "eal", "values": ["yes"]}}
    )
    own = detectable_at_randomisation(trial_sample(scores, study, outcome), None, None)
    assert own.value > 0.629
    assert own.note == ""
    study, scores = make_trial(changes={"trial": {"assumed": [STATED]}})
    other = detectable_at_randomisation(trial_sample(scores, study, outcome), None, None)
    assert (round(other.value, 3), other.note) == (0.629, "stated for all pupils")


def test_from_what_was_randomised_and_found() -> None:
    sample, model, alone = fitted()
    found = detectable_at_randomisation(sample, model, alone)
    assert found.note == OBSERVED
    sizes = sample.frame["school"].value_counts()
    bare, own = variances_of(alone), variances_of(model)
    icc = bare["school"] / (bare["school"] + bare["pupil"])
    share = sample.frame.drop_duplicates("school")["arm"].eq("intervention").mean()
    between = icc * own["school"] / bare["school"] * (1 + (sizes.std(ddof=0) / sizes.mean()) ** 2)
    within = (1 - icc) * own["pupil"] / bare["pupil"] / sizes.mean()
    error = math.sqrt((between + within) / (share * (1 - share) * len(sizes)))
    df = len(sizes) - 3 - 2  # two dummies of the area, and the baseline
    assert found.value == pytest.approx((student.ppf(0.975, df) + student.ppf(0.8, df)) * error)


@pytest.mark.parametrize(
    ("design", "kind"),
    [("classes", "blocked_cluster_random"), ("multisite", "multisite_constant"), ("individual", "individual")],
)
def test_other_designs(design: MadeDesign, kind: str) -> None:
    sample, model, alone = fitted(design)
    found = randomised_design(model, alone, "intervention")
    assert found.kind == kind
    value = detectable_at_randomisation(sample, model, alone).value
    assert 0.1 < value < 0.5


def test_the_arm_with_fewest_pupils_decides() -> None:
    sample, model, alone = fitted(arms=3)
    two = fitted(arms=2)
    assert detectable_at_randomisation(sample, model, alone).value > detectable_at_randomisation(*two).value


def test_without_a_statement_and_a_model_there_is_none() -> None:
    sample, *_ = fitted()
    found = detectable_at_randomisation(sample, None, None)
    assert math.isnan(found.value)
    assert found.note
    assert math.isnan(
        detectable_at_randomisation(
            fitted(changes={"trial": {"assumed": [STATED | {"schools": 2}]}})[0], None, None
        ).value
    )
