"""The verbs of power and the EEF's MDES table: frames, and numbers worked by hand."""

import math

import pytest

from evalkit.errors import DesignError
from evalkit.planning.mdes_table import MDES_ROWS, mdes_table
from evalkit.planning.power import CURVE_COLUMNS, mdes, power, power_curve, sample_size
from evalkit.stats.power_designs import TrialDesign

TRIAL = TrialDesign("cluster", schools=70, pupils=75, icc=0.15, r2_pupil=0.49, r2_school=0.36)


def test_the_three_questions_agree():
    smallest = float(mdes(TRIAL)["mdes"].iloc[0])
    assert float(power(TRIAL, effect=smallest)["power"].iloc[0]) == pytest.approx(0.8)
    needed = sample_size(TRIAL, effect=smallest)
    assert int(needed["value"].iloc[0]) == 70
    assert list(needed.columns[:6]) == ["design", "size", "value", "exact", "effect", "power"]


def test_power_against_schools():
    curve = power_curve(TRIAL, effect=0.2, values=range(20, 121, 20))
    assert list(curve.columns) == list(CURVE_COLUMNS)
    assert curve["power"].is_monotonic_increasing
    assert curve["mdes"].is_monotonic_decreasing
    assert curve["df"].tolist() == [18, 38, 58, 78, 98, 118]
    with pytest.raises(DesignError, match="has no blocks"):
        power_curve(TRIAL, effect=0.2, values=[5], size="blocks")


def test_the_eef_table():
    fsm = TrialDesign("cluster", schools=70, pupils=75, icc=0.15, subgroup_share=0.2, r2_pupil=0.49)
    analysis = TrialDesign("cluster", schools=71, pupils=75, icc=0.15, attrition_pupils=0.2, share_treated=38 / 71)
    table = mdes_table({"protocol": {"all": TRIAL, "fsm": fsm}, "analysis": {"all": analysis}})
    assert list(table.columns) == ["row", "label", "protocol_all", "protocol_fsm", "analysis_all"]
    assert table["row"].tolist() == list(MDES_ROWS)
    cell = table.set_index("row")
    assert cell.loc["correlation_pupil", "protocol_all"] == pytest.approx(0.7)
    assert cell.loc["correlation_school", "protocol_all"] == pytest.approx(0.6)
    assert cell.loc["schools_treated", "protocol_all"] == 35
    assert cell.loc["cluster_size", "protocol_fsm"] == pytest.approx(15)
    assert cell.loc["schools_treated", "analysis_all"] == pytest.approx(38)
    assert cell.loc["pupils", "analysis_all"] == pytest.approx(71 * 60)
    assert cell.loc["pupils_control", "analysis_all"] == pytest.approx(33 * 60)
    assert math.isnan(cell.loc["icc_class", "protocol_all"])
    assert cell.loc["mdes", "protocol_all"] == pytest.approx(float(mdes(TRIAL)["mdes"].iloc[0]))


def test_the_table_of_other_designs():
    individual = mdes_table({"protocol": {"all": TrialDesign("individual", pupils=400)}}).set_index("row")[
        "protocol_all"
    ]
    assert math.isnan(individual["schools"])
    assert individual["pupils_treated"] == 200
    multisite = TrialDesign("multisite_fixed", schools=10, pupils=30, icc=0.1)
    sites = mdes_table({"protocol": {"all": multisite}}).set_index("row")["protocol_all"]
    assert sites["schools_treated"] == sites["schools_control"] == sites["schools"] == 10
    blocked = TrialDesign("blocked_cluster_fixed", blocks=5, schools=4, pupils=30, icc=0.1)
    blocks = mdes_table({"protocol": {"all": blocked}}).set_index("row")["protocol_all"]
    assert (blocks["schools"], blocks["pupils"]) == (20, 600)


def test_a_column_that_cannot_be_is_named():
    small = TrialDesign("cluster", schools=2, pupils=10, icc=0.1)
    with pytest.raises(DesignError, match="analysis, fsm: There are too few schools"):
        mdes_table({"analysis": {"fsm": small}})
    with pytest.raises(DesignError, match="no stage 'start'"):
        mdes_table({"start": {"all": TRIAL}})
    with pytest.raises(DesignError, match="no design to show"):
        mdes_table({})
