"""The MDES table of a trial's plan, and the column that the analysis adds to it."""

import math
from dataclasses import replace

import pytest
from scipy.special import stdtrit

import evalkit as ek
from evalkit.analysis.analyse import analyse
from evalkit.errors import SpecError
from evalkit.planning.mdes_table import MDES_ROWS
from evalkit.planning.plan_mdes import plan_mdes_table
from evalkit.records.new_plan import write_plan
from evalkit.records.outcome import PupilFilter
from evalkit.road import with_planning
from evalkit.stats.power import detectable_from
from tests.unit.analysis.trial_scores import MadeDesign, make_trial, make_trial_plan

ASSUMED = [
    {"stage": "protocol", "schools": 30, "pupils": 25, "icc": 0.15, "r2_pupil": 0.5, "r2_school": 0.4, "covariates": 3},
    {"stage": "randomisation", "schools": 24, "pupils": 25, "icc": 0.15, "power": 0.9},
    {"stage": "protocol", "group": "fsm", "schools": 30, "pupils": 6, "icc": 0.1},
]


def test_each_column_is_the_design_that_was_assumed() -> None:
    plan = make_trial_plan("cluster", ["intervention", "control"], {"trial": {"assumed": ASSUMED}})
    table = plan_mdes_table(plan).set_index("row")
    assert list(table) == ["label", "protocol_all", "protocol_fsm", "randomisation_all"]
    design = ek.TrialDesign(
        "cluster", schools=30, pupils=25, icc=0.15, r2_pupil=0.5, r2_school=0.4, covariates=3, alpha=plan.alpha
    )
    assert table.loc["mdes", "protocol_all"] == pytest.approx(ek.mdes(design)["mdes"].iloc[0])
    assert table.loc["power"].tolist()[1:] == [0.8, 0.8, 0.9]
    assert table.loc["pupils"].tolist()[1:] == [750, 180, 600]


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        ("cluster", "cluster"),
        ("classes", "blocked_cluster_fixed"),
        ("multisite", "multisite_constant"),
        ("individual", "individual"),
    ],
)
def test_the_design_of_each_kind_of_trial(made: MadeDesign, kind: str) -> None:
    assumed = {"stage": "protocol", "schools": 30, "classes": 4, "pupils": 25, "icc": 0.1, "icc_class": 0.1}
    drop = {"cluster": ("classes", "icc_class"), "multisite": ("classes", "icc_class")}.get(made, ())
    drop = ("schools", "classes", "icc", "icc_class") if made == "individual" else drop
    kept = {key: value for key, value in assumed.items() if key not in drop}
    plan = make_trial_plan(made, ["intervention", "control"], {"trial": {"assumed": [kept]}})
    expected = {
        "cluster": ek.TrialDesign("cluster", schools=30, pupils=25, icc=0.1),
        "blocked_cluster_fixed": ek.TrialDesign(
            "blocked_cluster_fixed", blocks=30, schools=4, pupils=25, icc=0.1, icc_block=0.1
        ),
        "multisite_constant": ek.TrialDesign("multisite_constant", schools=30, pupils=25, icc=0.1),
        "individual": ek.TrialDesign("individual", pupils=25),
    }[kind]
    found = plan_mdes_table(plan).set_index("row").loc["mdes", "protocol_all"]
    assert found == pytest.approx(ek.mdes(expected)["mdes"].iloc[0])


def test_two_classes_in_a_school_are_a_pair() -> None:
    assumed = {"stage": "protocol", "schools": 30, "classes": 2, "pupils": 25, "icc": 0.1, "icc_class": 0.1}
    plan = make_trial_plan("classes", ["intervention", "control"], {"trial": {"assumed": [assumed]}})
    found = plan_mdes_table(plan).set_index("row").loc["mdes", "protocol_all"]
    variance = 4 * (0.1 + 0.8 / 25) / 60
    multiplier = stdtrit(29, 0.975) + stdtrit(29, 0.8)  # schools' differences: 30 - 1 degrees of freedom
    assert found == pytest.approx(multiplier * variance**0.5, rel=1e-9)


def test_the_analysis_adds_what_was_found() -> None:
    study, scores = make_trial(seed=3, changes={"trial": {"assumed": ASSUMED}})
    results = with_planning(analyse(scores, study), study)
    table = results.displays["mdes"].set_index("row")
    assert list(table)[:5] == ["label", "protocol_all", "protocol_fsm", "randomisation_all", "analysis_all"]
    row = results.estimates.query("inquiry == 'effect' and estimator == 'multilevel'").iloc[0]
    half = (row["es_high"] - row["es_low"]) / 2
    ratio = detectable_from(1, row["df"], alpha=0.05, sides=2, power=0.8) / detectable_from(
        1, row["df"], alpha=0.05, sides=2, power=0.5
    )
    assert table.loc["mdes", "analysis_all"] == pytest.approx(half * ratio)
    assert table.loc["pupils", "analysis_all"] == row["n_treated"] + row["n_control"]
    model = results.models.query("model == 'primary'").iloc[0]
    assert table.loc["correlation_pupil", "analysis_all"] == pytest.approx(math.sqrt(model["r2_pupil"]))
    assert type(results).from_json(results.to_json()).displays["mdes"]["row"].tolist() == list(MDES_ROWS)


def test_a_column_for_each_group_that_an_outcome_is_about() -> None:
    """The primary outcome is about EAL pupils, a secondary one about all: each fills its own column."""
    study, scores = make_trial(seed=6)
    first = study.plan.outcomes[0]
    eal = first.model_copy(update={"id": "eal_pupils", "pupils": PupilFilter(subgroup="eal", values=("yes",))})
    everybody = first.model_copy(update={"role": "secondary"})
    plan = study.plan.model_copy(update={"outcomes": (eal, everybody)})
    results = analyse(scores, replace(study, plan=plan))
    table = plan_mdes_table(plan, results).set_index("row")
    assert [name for name in table if name.startswith("analysis")] == ["analysis_all", "analysis_eal"]
    rows = results.estimates.query("inquiry == 'effect' and estimator == 'multilevel'").set_index("outcome")
    for name, outcome in (("analysis_all", first.id), ("analysis_eal", "eal_pupils")):
        assert table.loc["pupils", name] == rows.loc[outcome, ["n_treated", "n_control"]].sum()
        assert table.loc["icc_school", name] > 0


def test_a_plan_without_assumptions_or_of_no_trial(tmp_path) -> None:
    write_plan("reading", design="cluster_trial", folder=tmp_path)
    with pytest.raises(SpecError, match="assumes nothing about its size"):
        plan_mdes_table(ek.load_evaluation(tmp_path / "reading").plan)
    write_plan("grit", design="single_group_prepost", folder=tmp_path)
    with pytest.raises(SpecError, match="is for trials"):
        plan_mdes_table(ek.load_evaluation(tmp_path / "grit").plan)
