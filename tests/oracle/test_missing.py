"""Rubin's rules against mice and mitml on given imputations; our imputations against mice's 2l.pan and 2l.bin."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from evalkit.stats.missing_imputation import impute
from evalkit.stats.missing_model import IncompleteVariable, imputation_model
from evalkit.stats.pooling import pool_estimates, pool_wald
from tests.oracle.compare import compare

HERE = Path(__file__).parent
POOL = json.loads((HERE / "expected/mice_pool.json").read_text())
IMPUTE = json.loads((HERE / "expected/mice_impute.json").read_text())
ESTIMATES, ERRORS = np.array(POOL["estimates"]), np.array(POOL["std_errors"])
COVARIANCES = np.array(POOL["covariances"])


def columns_of(name):
    with (HERE / "data" / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key] or "nan") for row in rows]) for key in rows[0]}


def test_pooling_equals_mice():
    found = pool_estimates(ESTIMATES, ERRORS, df_complete=POOL["df_residual"])
    compare(found, POOL["pool"], rtol=1e-10, atol=1e-13)


def test_pooling_with_few_degrees_of_freedom_equals_mice_and_mitml():
    scalar = POOL["scalar"]
    found = pool_estimates(ESTIMATES[:, 1], ERRORS[:, 1], df_complete=scalar["df_complete"])
    compare(
        {"df": found.df[0], "fmi": found.fraction_missing[0], "total": found.std_errors[0] ** 2},
        {"df": scalar["df"], "fmi": scalar["fraction_missing"], "total": scalar["total"]},
        rtol=1e-10,
        atol=1e-13,
    )
    for df, key in ((21, "mitml21"), (np.inf, "mitml_inf")):
        pooled = pool_estimates(ESTIMATES, ERRORS, df_complete=df)
        mine = np.column_stack(
            [
                pooled.estimates,
                pooled.std_errors,
                pooled.t_values,
                pooled.df,
                pooled.p_values,
                pooled.relative_increase,
                pooled.fraction_missing,
            ]
        )
        compare({key: mine}, {key: POOL[key]}, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("case", POOL["wald"], ids=lambda case: f"m{case['m']} k{case['k']} df {case['df_complete']}")
def test_joint_test_equals_mitml(case):
    m, k = case["m"], case["k"]
    found = pool_wald(ESTIMATES[:m, 1 : 1 + k], COVARIANCES[:m, :k, :k], df_complete=case["df_complete"] or np.inf)
    actual = {
        "f": found.f_value,
        "df_numerator": found.df_numerator,
        "df_denominator": found.df_denominator,
        "p": found.p_value,
        "rise": found.relative_increase,
    }
    # mitml takes the slopes of its constraints by differences, which leaves it with nine digits.
    expected = {key: float(case[key]) for key in actual}
    compare(actual, expected, rtol=5e-8, atol=1e-9)


def test_joint_test_equals_mice():
    case = POOL["mice_d1"]
    found = pool_wald(ESTIMATES[:, 1:], COVARIANCES, df_complete=case["df_complete"])
    compare(
        {"f": found.f_value, "df": found.df_denominator, "p": found.p_value, "rise": found.relative_increase},
        {"f": case["f"], "df": case["df_denominator"], "p": case["p"], "rise": case["rise"]},
        rtol=1e-10,
        atol=1e-13,
    )


def least_squares(outcome, *columns):
    return np.linalg.lstsq(np.column_stack([np.ones(len(outcome)), *columns]), outcome)[0][1]


def moments(data, target, imputations, regressor):
    """The statistics of r/mice_impute.R for each imputation."""
    k = imputations.names.index(target)
    gap = np.isnan(data[target])
    school, treat, aux = data["school"].astype(int), data["treat"], data["aux"]
    rows = []
    for number in range(len(imputations.numbers)):
        filled = imputations.completed(number)
        v = filled[:, k]
        means = [v[gap & (school == s)].mean() for s in np.unique(school[gap])]
        other = filled[:, imputations.names.index(regressor)] if regressor in imputations.names else data[regressor]
        rows.append(
            [
                v[gap & (treat == 0)].mean(),
                v[gap & (treat == 1)].mean(),
                v[gap].std(ddof=1),
                np.std(means, ddof=1),
                np.cov(v[gap], aux[gap])[0, 1] / aux[gap].var(ddof=1),
                least_squares(v, treat, other),
            ]
        )
    return np.array(rows)


@pytest.mark.parametrize(
    ("data_set", "case", "target", "others", "regressor"),
    [
        ("impute_one", "impute_one", "y", {}, "pre"),
        ("impute_both", "impute_both", "y", {"pre": "normal"}, "pre"),
        ("impute_both", "impute_both_pre", "pre", {"y": "normal"}, "aux"),
        ("impute_yes", "impute_yes", "fsm", {}, "aux"),
    ],
)
def test_imputations_are_distributed_as_those_of_mice(data_set, case, target, others, regressor):
    data, expected = columns_of(data_set), IMPUTE[case]
    kinds = {target: "binary" if target == "fsm" else "normal", **others}
    complete = [name for name in data if name not in kinds and name != "school"]
    model = imputation_model(
        [IncompleteVariable(name, data[name], kind) for name, kind in kinds.items()],
        clusters=data["school"],
        complete=np.column_stack([data[name] for name in complete]),
        complete_names=complete,
        cluster_means=False,  # as mice was told
    )
    m = 200
    found = moments(data, target, impute(model, seed=5, n_imputations=m, iterations=8), regressor)
    theirs_mean, theirs_sd = np.array(expected["mean"]), np.array(expected["sd"])
    spread = found.std(axis=0, ddof=1)
    z = (found.mean(axis=0) - theirs_mean) / np.sqrt(spread**2 / m + theirs_sd**2 / expected["m"])
    ratio = np.log(spread / theirs_sd) / np.sqrt(1 / (2 * m) + 1 / (2 * expected["m"]))
    assert np.abs(z).max() < 4, dict(zip(expected["statistics"], z.round(2), strict=True))
    assert np.abs(ratio).max() < 4, dict(zip(expected["statistics"], ratio.round(2), strict=True))
