"""The change without pupils flagged for how they answered: right numbers, and never a few pupils given away."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from scipy import stats

from evalkit.analysis.analyse import analyse
from evalkit.records.scores import FLAGGED_COLUMNS


@pytest.fixture
def study(plan, study_of):
    return study_of(plan())


@pytest.fixture
def scores(study, scores_of):
    return scores_of(study)


def linked(scores):
    frame = scores.frame[scores.frame["scale"] == "mslq44.intrinsic_value"]
    return frame.pivot_table(index="pupil", columns="wave", values="value").dropna()


def flag(scores, pupils, *, wave="pre", instrument="mslq44"):
    rows = pd.DataFrame({"pupil": list(pupils), "wave": wave, "instrument": instrument}, columns=list(FLAGGED_COLUMNS))
    return replace(scores, flagged=rows.astype("str"))


def row_of(scores, study, outcome="motivation"):
    table = analyse(scores, study).tidy()
    return table[(table["outcome"] == outcome) & (table["estimator"] == "paired_t_unflagged")].iloc[0]


def test_the_row_is_the_paired_t_of_the_others(scores, study):
    wide = linked(scores)
    out = wide.index[:12]
    row = row_of(flag(scores, out, wave="post"), study)
    kept = wide.drop(out)
    expected = stats.ttest_rel(kept["post"], kept["pre"])
    assert row["status"] == "ok"
    assert row["n_treated"] == len(kept)
    assert row["estimate"] == pytest.approx((kept["post"] - kept["pre"]).mean())
    assert row["p_value"] == pytest.approx(expected.pvalue)
    assert math.isnan(row["p_adjusted"]), "no further test of the plan"
    assert row["reason"] == "Without the 12 pupils who were flagged for how they answered."


def test_everybody_stays_in_the_other_rows(scores, study):
    before, after = analyse(scores, study).tidy(), analyse(flag(scores, linked(scores).index[:12]), study).tidy()
    pick = before["estimator"] != "paired_t_unflagged"
    pd.testing.assert_frame_equal(before[pick], after[pick])


@pytest.mark.parametrize("count", [0, 1, 9])
def test_few_or_none_flagged_look_the_same(scores, study, count):
    row = row_of(flag(scores, linked(scores).index[:count]), study)
    assert row["status"] == "suppressed"
    assert row[["estimate", "conf_low", "p_value", "n_treated"]].isna().all()
    assert row["reason"] == "Not shown, because fewer than 10 pupils (or none) were flagged for how they answered."


def test_few_left_are_hidden_too(scores, study):
    wide = linked(scores)
    row = row_of(flag(scores, wide.index[: len(wide) - 5]), study)
    assert row["status"] == "suppressed"
    assert row[["estimate", "n_treated"]].isna().all()


def test_flags_of_another_questionnaire_do_not_count(scores, study):
    row = row_of(flag(scores, linked(scores).index[:12], instrument="gse10"), study)
    assert row["status"] == "suppressed"


def test_a_hidden_row_alone_needs_no_caveat(scores, study):
    kinds = {caveat.kind for caveat in analyse(scores, study).caveats}
    shown = analyse(flag(scores, linked(scores).index[:12]), study)
    assert kinds == {caveat.kind for caveat in shown.caveats}
