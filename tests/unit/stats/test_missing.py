"""Patterns, drop-out, indicators, imputation, shifts and tipping points."""

import numpy as np
import pytest
from scipy.stats import chi2, norm

from evalkit.errors import FitError
from evalkit.stats.missing import fit_dropout, missing_indicator, missing_table
from evalkit.stats.missing_draws import draw_latent, draw_model
from evalkit.stats.missing_imputation import impute, scale_reduction
from evalkit.stats.missing_model import IncompleteVariable, imputation_model
from evalkit.stats.missing_sensitivity import shift_imputed, tipping_point


def survey(seed=1, *, schools=12, size=15):
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(schools), size)
    n = len(school)
    aux = rng.normal(size=n)
    pre = 0.5 * aux + rng.normal(0, 0.3, schools)[school] + rng.normal(size=n)
    fsm = (rng.random(n) < 0.3) * 1.0
    y = 5 + 0.6 * pre + rng.normal(0, 0.5, schools)[school] + rng.normal(size=n)
    y[rng.random(n) < 0.25], pre[rng.random(n) < 0.1], fsm[rng.random(n) < 0.1] = np.nan, np.nan, np.nan
    return {"school": school, "arm": (school % 2) * 1.0, "aux": aux, "pre": pre, "fsm": fsm, "y": y}


def model_of(data, kinds, **options):
    return imputation_model(
        [IncompleteVariable(name, data[name], kind) for name, kind in kinds.items()],
        clusters=data["school"],
        complete=data["aux"][:, None],
        complete_names=["aux"],
        **options,
    )


ALL = {"y": "normal", "pre": "matched", "fsm": "binary"}


def brute_posterior(columns, outcome, codes, shares):
    """For each intraclass correlation its posterior weight, residual r, estimate and unscaled covariance of b."""
    z = np.equal.outer(codes, np.unique(codes)).astype(float)
    logs, residuals, means, covariances = [], [], [], []
    n, p = columns.shape[1], len(columns)
    for share in shares:
        v = np.eye(n) + share / (1 - share) * z @ z.T
        a = columns @ np.linalg.solve(v, columns.T)
        b = np.linalg.solve(a, columns @ np.linalg.solve(v, outcome))
        e = outcome - b @ columns
        r = e @ np.linalg.solve(v, e)
        logs.append(-0.5 * (np.linalg.slogdet(v)[1] + np.linalg.slogdet(a)[1] + (n - p) * np.log(r)))
        residuals.append(r)
        means.append(b)
        covariances.append(np.linalg.inv(a))
    weights = np.exp(np.array(logs) - max(logs))
    return weights / weights.sum(), np.array(residuals), np.array(means), np.array(covariances)


def assert_uniform(ranks):
    """Kolmogorov and Smirnov's distance at about 1 in 10,000."""
    n = len(ranks)
    assert np.abs(np.sort(ranks) - np.arange(1, n + 1) / n).max() < 2.2 / np.sqrt(n)


@pytest.mark.parametrize("between", [0.0, 0.6, 3.0])
def test_draws_follow_the_posterior(between):
    rng = np.random.default_rng(7)
    codes = np.repeat(np.arange(6), [3, 4, 5, 6, 5, 7])
    columns = np.vstack([np.ones(30), rng.normal(size=30)])
    outcome = 1 + columns[1] + rng.normal(0, 1, 6)[codes] * between + rng.normal(size=30)
    draws = [draw_model(columns, outcome, codes=codes, n_clusters=7, rng=rng) for _ in range(3000)]
    shares = np.linspace(0.0005, 0.9995, 1000)
    weights, residuals, means, covariances = brute_posterior(columns, outcome, codes, shares)
    ratio, sigma = np.array([draw.ratio for draw in draws]), np.array([draw.sigma for draw in draws])
    share = ratio / (1 + ratio)
    assert_uniform(np.interp(share, shares, np.cumsum(weights)))
    # Given the correlation: r / sigma^2 is chi-squared, b and the effects of the schools are normal.
    assert_uniform(chi2.cdf(np.interp(share, shares, residuals) / sigma**2, 28))
    beta, effects = np.array([draw.beta for draw in draws]), np.array([draw.effects for draw in draws])
    for k in range(2):
        spread = sigma * np.sqrt(np.interp(share, shares, covariances[:, k, k]))
        assert_uniform(norm.cdf((beta[:, k] - np.interp(share, shares, means[:, k])) / spread))
    sizes = np.bincount(codes, minlength=7)
    for j in range(7):
        left = (outcome - beta @ columns)[:, codes == j].sum(axis=1)
        shrunk = ratio / (1 + ratio * sizes[j])
        # The seventh school has no rows: its effect is centred on 0 with the variance between schools.
        assert_uniform(norm.cdf((effects[:, j] - shrunk * left) / (sigma * np.sqrt(shrunk))))


def test_latent_draws_keep_their_side_and_their_mean():
    rng = np.random.default_rng(3)
    for centre in (-6.0, -1.0, 0.0, 2.0, 40.0):
        ones, zeros = (draw_latent(np.full(4000, centre), np.full(4000, side), rng) for side in (1.0, 0.0))
        assert (ones > 0).all()
        if centre < 10:
            assert (zeros < 0).all()
            assert ones.mean() == pytest.approx(centre + norm.pdf(centre) / norm.cdf(centre), abs=0.08)
        assert np.isfinite(zeros).all()


def test_a_yes_no_variable_follows_its_exact_predictive_distribution():
    school = np.repeat(np.arange(5), 9)
    known = np.tile([1, 1, 1, 1, 1, 1, 0, 0, 0], 5).astype(bool)
    answers = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 1.0, 0, 0])
    y = np.full(45, np.nan)
    y[known] = answers
    # By brute force over the constant b ~ N(0, 10^2), the intraclass correlation ~ U(0, 1) and every school's effect.
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    b, share = np.linspace(-6, 6, 241)[:, None, None], np.linspace(0.001, 0.999, 250)[None, :, None]
    chance = norm.cdf(b + np.sqrt(share / (1 - share)) * nodes)
    yes = answers.reshape(5, 6).sum(axis=1)
    parts = [chance**k * (1 - chance) ** (6 - k) * weights for k in yes]
    posterior = norm.pdf(b[:, :, 0] / 10) * np.prod([part.sum(axis=2) for part in parts], axis=0)
    exact = [((part * chance).sum(axis=2) / part.sum(axis=2) * posterior).sum() / posterior.sum() for part in parts]
    model = imputation_model(
        [IncompleteVariable("y", y, "binary")], clusters=school, complete=np.empty((45, 0)), complete_names=[]
    )
    found = impute(model, seed=3, n_imputations=600, iterations=4).values[0].reshape(600, 5, 3)
    assert found.mean(axis=(0, 2)) == pytest.approx(exact, abs=4 * 0.5 / np.sqrt(600))


def test_same_seed_same_imputations_whoever_makes_them():
    model = model_of(survey(), ALL)
    whole = impute(model, seed=9, n_imputations=4, iterations=3)
    parts = [impute(model, seed=9, n_imputations=4, iterations=3, only=[k]) for k in (3, 1)]
    assert np.array_equal(whole.completed(3), parts[0].completed(0))
    assert np.array_equal(whole.completed(1), parts[1].completed(0))
    assert not np.array_equal(whole.completed(0), whole.completed(1))
    assert not np.array_equal(whole.completed(0), impute(model, seed=8, n_imputations=4, iterations=3).completed(0))


@pytest.mark.parametrize("groups", [None, "arm"])
def test_observed_values_never_move_and_gaps_are_filled_in_kind(groups):
    data = survey()
    order = np.random.default_rng(5).permutation(len(data["y"]))
    data = {name: values[order] for name, values in data.items()}
    found = impute(model_of(data, ALL, groups=None if groups is None else data[groups]), seed=2, n_imputations=3)
    for number in range(3):
        filled = found.completed(number)
        assert np.isfinite(filled).all()
        for k, name in enumerate(ALL):
            known = ~np.isnan(data[name])
            assert np.array_equal(filled[known, k], data[name][known])
        assert set(np.unique(filled[:, 2])) == {0.0, 1.0}
        assert set(filled[:, 1]) <= set(data["pre"][~np.isnan(data["pre"])])


def test_matched_values_come_from_the_same_arm():
    data = survey()
    data["pre"] = data["pre"] + 100 * data["arm"]
    found = impute(model_of(data, ALL, groups=data["arm"]), seed=2, n_imputations=2).completed(0)
    assert (found[data["arm"] == 1, 1] > 50).all()
    assert (found[data["arm"] == 0, 1] < 50).all()


def test_one_number_with_gaps_needs_one_round():
    data = survey()
    assert impute(model_of(data, {"y": "normal"}), seed=1, n_imputations=2).trace.shape == (2, 1, 1)
    assert impute(model_of(data, {"fsm": "binary"}), seed=1, n_imputations=2).trace.shape == (2, 10, 1)


@pytest.mark.parametrize("scale", [1e-4, 1e5])
def test_the_unit_of_the_outcome_only_rescales(scale):
    data = survey()
    one = impute(model_of(data, {"y": "normal", "pre": "normal"}), seed=4, n_imputations=2, iterations=3)
    data["y"] = data["y"] * scale - 3
    other = impute(model_of(data, {"y": "normal", "pre": "normal"}), seed=4, n_imputations=2, iterations=3)
    assert other.values[0] == pytest.approx(one.values[0] * scale - 3, rel=1e-6)
    assert other.values[1] == pytest.approx(one.values[1], rel=1e-6, abs=1e-9)


def test_a_product_in_the_equation_is_kept_by_the_imputations():
    rng = np.random.default_rng(6)
    school = np.repeat(np.arange(20), 40)
    arm, fsm = (school % 2) * 1.0, (rng.random(800) < 0.5) * 1.0
    y = 2 * arm * fsm + rng.normal(0, 0.5, 800)
    y[rng.random(800) < 0.5] = np.nan
    slopes = {}
    for name, pairs in (("without", {}), ("with", {"y": [("arm", "fsm")]})):
        model = imputation_model(
            [IncompleteVariable("y", y)],
            clusters=school,
            complete=np.column_stack([arm, fsm]),
            complete_names=["arm", "fsm"],
            interactions=pairs,
            cluster_means=False,
        )
        imputed = impute(model, seed=1, n_imputations=2).values[0][0]
        gap = np.isnan(y)
        cells = [imputed[(arm[gap] == a) & (fsm[gap] == f)].mean() for a in (0, 1) for f in (0, 1)]
        slopes[name] = cells[3] - cells[2] - cells[1] + cells[0]
    assert slopes["with"] == pytest.approx(2, abs=0.25)
    assert slopes["without"] < 1.2


def test_a_yes_no_variable_that_is_foretold_still_gets_imputed():
    data = survey()
    data["fsm"] = np.where(np.isnan(data["fsm"]), np.nan, (data["aux"] > 0) * 1.0)
    gap = np.isnan(data["fsm"])
    found = impute(model_of(data, {"fsm": "binary"}), seed=1, n_imputations=5)
    agree = np.mean([found.completed(k)[gap, 0] == (data["aux"][gap] > 0) for k in range(5)])
    assert 0.7 < agree <= 1


def test_all_problems_at_once():
    data = survey()
    school_level = np.where(np.arange(180) % 15 == 0, np.nan, data["school"] * 1.0)
    with pytest.raises(FitError) as caught:
        imputation_model(
            [
                IncompleteVariable("y", data["y"], "binary"),
                IncompleteVariable("size", school_level),
                IncompleteVariable("aux", np.full(180, np.nan)),
                IncompleteVariable("pre", data["pre"], "ordinal"),
                IncompleteVariable("short", data["pre"][:5]),
                IncompleteVariable("wild", np.where(np.isnan(data["pre"]), np.inf, data["pre"])),
            ],
            clusters=data["school"],
            complete=data["aux"][:, None],
            complete_names=["aux"],
            groups=np.arange(180) < 30,
            interactions={"y": [("y", "nobody")]},
        )
    text = "\n".join(caught.value.problems)
    expected = ("y: values other", "size: the same", "aux: fewer", "pre: kind", "short: 5", "wild:", "aux: named twice")
    for part in (*expected, "nobody: in an interaction", "own equation", "has 2 schools"):
        assert part in text
    with pytest.raises(FitError, match="at least 2"):
        impute(model_of(data, ALL), seed=1, n_imputations=1)
    with pytest.raises(FitError, match="0 to 2"):
        impute(model_of(data, ALL), seed=1, n_imputations=3, only=[3])


def test_scale_reduction_by_hand():
    trace = np.array([[9.0, 9, 1, 3], [9.0, 9, 5, 7]])[:, :, None]
    assert scale_reduction(trace)[0] == pytest.approx(np.sqrt(0.5 + 8 / 2))
    assert np.isnan(scale_reduction(trace[:, :2])[0])


def test_every_pupil_is_in_one_pattern():
    data = survey()
    found = missing_table(
        np.column_stack([data["pre"], data["y"]]), names=["pre", "y"], groups=np.where(data["arm"] == 1, "b", "a")
    )
    assert found.patterns[0].missing == ()
    assert sum(pattern.count for pattern in found.patterns) == 180
    assert np.sum([pattern.by_group for pattern in found.patterns], axis=0).tolist() == [90, 90]
    lacking = sum(pattern.count for pattern in found.patterns if "y" in pattern.missing)
    assert found.share_missing[1] == lacking / 180
    assert found.share_incomplete == pytest.approx(1 - found.patterns[0].share)
    with pytest.raises(FitError, match="3 names"):
        missing_table(np.ones((4, 2)), names=["a", "b", "c"])


def test_dropout_model_finds_what_foretells_it():
    rng = np.random.default_rng(8)
    school = np.repeat(np.arange(20), 20)
    aux, noise = rng.normal(size=(2, 400))
    gone = rng.random(400) < 1 / (1 + np.exp(1 - 1.2 * aux))
    design = np.column_stack([np.ones(400), aux, noise])
    found = fit_dropout(design, gone * 1.0, clusters=school, names=["constant", "aux", "noise"])
    assert found.predictors_found == ("aux",)
    assert found.df == 2
    b, v = found.fit.coefficients[1:], found.fit.covariance[1:3, 1:3]
    assert found.statistic == pytest.approx(b @ np.linalg.inv(v) @ b)
    assert found.p_value < 1e-6
    with pytest.raises(FitError, match="beside the constant"):
        fit_dropout(np.ones((400, 1)), gone * 1.0, clusters=school, names=["constant"])


def test_missing_indicator():
    found = missing_indicator([1.0, np.nan, 3.0])
    assert found.filled.tolist() == [1, 2, 3]
    assert found.indicator.tolist() == [0, 1, 0]
    assert missing_indicator([1.0, np.nan], fill="zero").fill_value == 0
    with pytest.raises(FitError, match="not none or all"):
        missing_indicator([1.0, 2.0])
    with pytest.raises(FitError, match="mean, zero"):
        missing_indicator([1.0, np.nan], fill="median")


def test_shift_moves_the_chosen_gaps_only():
    data = survey()
    found = impute(model_of(data, {"y": "normal", "pre": "normal"}), seed=1, n_imputations=2, iterations=2)
    rows = data["arm"] == 1
    moved = shift_imputed(found, variable="y", delta=-0.5, sd=2.0, rows=rows)
    difference = moved.completed(1) - found.completed(1)
    expected = np.where(rows & np.isnan(data["y"]), -1.0, 0.0)
    assert difference[:, 0] == pytest.approx(expected)
    assert (difference[:, 1] == 0).all()
    with pytest.raises(FitError, match="not among"):
        shift_imputed(found, variable="z", delta=1, sd=1, rows=rows)
    with pytest.raises(FitError, match="SD above 0"):
        shift_imputed(found, variable="y", delta=1, sd=0, rows=rows)


@pytest.mark.parametrize(
    ("start", "conclusion", "below", "above"),
    [(0.5, "above", -0.3 / 0.6, None), (-0.5, "below", None, 0.3 / 0.6), (0.1, "unclear", -0.3 / 0.6, 0.1 / 0.6)],
)
def test_tipping_points_of_a_straight_line(start, conclusion, below, above):
    found = tipping_point(lambda delta: (start + 0.6 * delta, start - 0.2 + 0.6 * delta, start + 0.2 + 0.6 * delta))
    assert found.conclusion == conclusion
    for actual, expected in ((found.delta_below, below), (found.delta_above, above)):
        assert actual == (None if expected is None else pytest.approx(expected, abs=2e-3))
    deltas = [point.delta for point in found.points]
    assert deltas == sorted(deltas)
    assert 0.0 in deltas


def test_tipping_point_asks_each_delta_once():
    asked = []

    def answer(delta):
        asked.append(delta)
        return 0.5 + delta, 0.3 + delta, 0.7 + delta

    tipping_point(answer)
    assert len(asked) == len(set(asked)) < 30
    with pytest.raises(FitError, match="must hold 0"):
        tipping_point(answer, low=0.1)
