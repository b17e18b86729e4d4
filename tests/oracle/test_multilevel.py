"""Multilevel fits against lme4, df against lmerTest and pbkrtest (r/lme4.R); weighted KR against dense algebra."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.multilevel import multilevel
from evalkit.stats.mixed.fit import fit_at
from tests.oracle.compare import compare

HERE = Path(__file__).parent
ORACLE = json.loads((HERE / "expected/lme4.json").read_text())
CASES = ORACLE["cases"]
OWN_OPTIMUM = "lme4's optimiser stops about 1e-6 short in the variances; at equal variances the match is 1e-10"
NUMERIC = "lmerTest differentiates numerically; the issue asks for 1e-4"


def data_of(case):
    return pd.read_csv(HERE / "data" / f"{case['data']}.csv")


def fit_of(case, **options):
    return multilevel(case["formula"], data_of(case), weights=case["weights"], **options)


def r_name(name):
    """Our column name as R writes it."""
    return name.replace("Intercept", "(Intercept)").replace("[T.", "").replace("]", "")


def relative_covariances(case, fit):
    """lme4's relative covariance for each of our terms."""
    known = {(term["group"], tuple(term["effects"])): np.array(term["relative"]) for term in case["terms"]}
    return [known[t.group, tuple(map(r_name, t.names))].reshape(t.width, t.width) for t in fit.sample.terms]


@pytest.mark.parametrize("name", CASES)
def test_equals_lme4_at_equal_variances(name):
    case = CASES[name]
    fit = fit_of(case)
    sample = fit.sample
    same = fit_at(sample.outcome, sample.columns, sample.terms, relative_covariances(case, fit), weights=sample.weights)
    compare(
        {"beta": same.beta, "se": np.sqrt(np.diag(same.covariance)), "sigma": np.sqrt(same.sigma2)},
        {key: case[key] for key in ("beta", "se", "sigma")},
        rtol=1e-10,
        atol=1e-12,
    )
    compare(same.covariance, case["covariance"], rtol=1e-9, atol=1e-12)
    compare(same.loglik, case["loglik"], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_own_optimum(name):
    case = CASES[name]
    fit = fit_of(case)
    glance = fit.glance().iloc[0]
    assert glance["converged"]
    assert glance["loglik"] >= case["loglik"] - 1e-6
    assert glance["n_obs"] == case["n"]
    assert bool(glance["is_singular"]) == case["singular"]
    compare(glance["loglik"], case["loglik"], rtol=0, atol=1e-6, reason=OWN_OPTIMUM)
    compare(fit.core.beta, case["beta"], rtol=1e-5, atol=1e-6, reason=OWN_OPTIMUM)
    compare(
        glance[["aic", "bic"]].to_dict(), {k: case[k] for k in ("aic", "bic")}, rtol=0, atol=1e-5, reason=OWN_OPTIMUM
    )
    ours = fit.variances()
    theirs = case["variances"]
    places = [i for i, value in enumerate(theirs["value"]) if value >= 0 and not _is_covariance(case, i)]
    compare(ours["variance"], [theirs["value"][i] for i in places], rtol=1e-4, atol=1e-6, reason=OWN_OPTIMUM)


def _is_covariance(case, index):
    """Whether a row of lme4's variance table is a covariance: its sdcor is not the root of its value."""
    value, sdcor = case["variances"]["value"][index], case["variances"]["sdcor"][index]
    return not np.isclose(np.sqrt(max(value, 0.0)), sdcor, rtol=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_maximum_likelihood(name):
    case = CASES[name]
    fit = fit_of(case, reml=False, df="normal")
    assert fit.core.loglik >= case["ml_loglik"] - 1e-6
    compare(fit.core.loglik, case["ml_loglik"], rtol=0, atol=1e-6, reason=OWN_OPTIMUM)
    compare(np.sqrt(fit.core.sigma2), case["ml_sigma"], rtol=1e-5, reason=OWN_OPTIMUM)
    compare(fit.core.beta, case["ml_beta"], rtol=2e-4, atol=1e-6, reason=OWN_OPTIMUM)


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if c.get("satterthwaite")])
def test_satterthwaite_equals_lmer_test(name):
    case = CASES[name]
    fit = fit_of(case, df="satterthwaite")
    compare(fit.tidy()["df"], case["satterthwaite"]["df"], rtol=1e-4, reason=NUMERIC)
    joint = fit.test([term for term in fit.terms if term != "Intercept"]).iloc[0].to_dict()
    compare(joint, case["satterthwaite"]["joint"], rtol=1e-4, reason=NUMERIC)


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if c.get("kenward_roger")])
def test_kenward_roger_equals_pbkrtest(name):
    case = CASES[name]
    fit = fit_of(case)
    expected = case["kenward_roger"]
    tidy = fit.tidy()
    compare(tidy["df"], expected["df"], rtol=1e-5, reason=OWN_OPTIMUM)
    compare(tidy["std_error"], expected["se"], rtol=1e-5, reason=OWN_OPTIMUM)
    joint = fit.test([term for term in fit.terms if term != "Intercept"]).iloc[0].to_dict()
    compare(joint, expected["joint"], rtol=1e-5, atol=1e-8, reason=OWN_OPTIMUM)


@pytest.mark.parametrize("name", CASES)
def test_random_effects(name):
    case = CASES[name]
    fit = fit_of(case)
    ours = fit.random_effects()
    for group, expected in case["random_effects"].items():
        if expected["sd"] is None:  # several terms on one factor: R gives no array
            continue
        own = ours[ours["group"] == group]
        width = len(np.atleast_2d(expected["mode"])[0])
        order = np.argsort(expected["level"])
        for column, theirs in (("estimate", "mode"), ("std_error", "sd")):
            matrix = (
                np.array(expected[theirs], dtype=float).reshape(-1, width)
                if width > 1
                else np.ravel(expected[theirs])[:, None]
            )
            compare(own[column].to_numpy().reshape(-1, width), matrix[order], rtol=1e-3, atol=2e-5, reason=OWN_OPTIMUM)
    compare(fit.fitted().head(12).to_numpy(), case["fitted"], rtol=1e-4, reason=OWN_OPTIMUM)


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if c.get("profile_ml")])
def test_profile_intervals_equal_lme4_under_ml(name):
    case = CASES[name]
    fit = fit_of(case)
    ours = fit.variance_intervals(likelihood="ml")
    expected = case["profile_ml"]
    labels = [_profile_name(row) for row in ours.to_dict("records")]
    assert sorted(labels) == sorted(expected["parameter"])
    place = [expected["parameter"].index(label) for label in labels]
    reason = "lme4 interpolates its profile by splines"
    low = [0.0 if expected["low"][i] is None else expected["low"][i] for i in place]
    compare(ours["conf_low"], low, rtol=3e-3, atol=2e-4, reason=reason)
    compare(ours["conf_high"], [expected["high"][i] for i in place], rtol=3e-3, atol=2e-4, reason=reason)


def _profile_name(row):
    if row["group"] == "Residual":
        return "sigma"
    return f"sd_{r_name(row['term'])}|{row['group']}"


def test_likelihood_ratio_of_fixed_parts_equals_lme4():
    data = pd.read_csv(HERE / "data/lme4_slope.csv")
    small = multilevel("post ~ arm + pre + (1 | school)", data, reml=False)
    large = multilevel("post ~ arm * girl + pre + (1 | school)", data, reml=False)
    expected = ORACLE["comparison"]
    found = large.anova(small)
    row = found.iloc[1]
    compare(
        {"chisq": row["statistic"], "df": int(row["df"]), "p_value": row["p_value"]},
        {key: expected[key] for key in ("chisq", "df", "p_value")},
        rtol=1e-5,
        reason=OWN_OPTIMUM,
    )
    compare(found[["aic", "bic"]], {key: expected[key] for key in ("aic", "bic")}, rtol=1e-8)


def dense_kenward_roger(fit):
    """Kenward-Roger by n x n matrices, straight from the definitions, with V = sigma^2 W^-1 + Z G Z'."""
    sample = fit.sample
    x = sample.columns[list(fit.core.coordinates.kept)].T
    weights = np.ones(len(x)) if sample.weights is None else sample.weights
    slopes = []
    total = np.diag(fit.core.sigma2 / weights)
    for term, component in zip(sample.terms, fit.core.components, strict=True):
        same = term.codes[:, None] == term.codes[None, :]
        rows = term.rows()
        for b in range(term.width):
            for a in range(b, term.width):
                part = np.outer(rows[a], rows[b]) * same
                part = part if a == b else part + part.T
                slopes.append(part)
                total = total + component.covariance[a, b] * part
    slopes.append(np.diag(1.0 / weights))
    inverse = np.linalg.inv(total)
    phi = np.linalg.inv(x.T @ inverse @ x)
    project = inverse - inverse @ x @ phi @ x.T @ inverse
    k = len(slopes)
    moved = [project @ part for part in slopes]
    expected = np.array([[0.5 * np.sum(a * b.T) for b in moved] for a in moved])
    spread = np.linalg.inv(expected)
    sides = [part @ inverse @ x for part in slopes]
    middle = sum(spread[i, j] * sides[i].T @ project @ sides[j] for i in range(k) for j in range(k))
    adjusted = phi + 2 * phi @ middle @ phi
    change = np.array([phi @ x.T @ inverse @ part @ inverse @ x @ phi for part in slopes])
    diagonal = np.einsum("kaa->ak", change)
    df = 2 * np.diag(phi) ** 2 / np.einsum("ak,kl,al->a", diagonal, spread, diagonal)
    return df, np.sqrt(np.diag(adjusted))


@pytest.mark.parametrize("name", ["weights", "weights_slope", "three_slope", "slope_apart", "crossed", "groups"])
def test_kenward_roger_equals_dense_algebra(name):
    fit = fit_of(CASES[name])
    df, errors = dense_kenward_roger(fit)
    compare(fit.tidy()["df"], df, rtol=1e-6)
    compare(fit.tidy()["std_error"], errors, rtol=1e-8)


def test_zero_variance_is_flagged_and_keeps_kenward_roger():
    fit = fit_of(CASES["zero"])
    assert fit.variances()["variance"].iloc[0] == 0.0
    glance = fit.glance().iloc[0]
    assert glance["is_singular"]
    assert glance["df_between"] == 10
    assert "singular_fit" in set(fit.caveats["kind"])
    assert fit.tidy()["df"].iloc[1] < 20
