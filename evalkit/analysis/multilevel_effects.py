"""The effect-size table of a multilevel fit: Hedges' g by the headline rule first, then the named variants."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evalkit.analysis.multilevel_arms import Arms, arm_sizes, find_arms, plain_terms
from evalkit.analysis.multilevel_binary import binary_rows
from evalkit.analysis.sample import Sample
from evalkit.errors import FitError, SpecError
from evalkit.stats.cluster_effect_size import ClusterEffect, Interval, Yardstick, measure_yardstick, standardised_effect
from evalkit.stats.cluster_effect_variants import (
    ArmSizes,
    Reach,
    Sites,
    design_comparable_effect,
    eef_null_effect,
    eef_package_effect,
    hedges_variance,
    multisite_variance,
    normal_limits,
)
from evalkit.stats.effect_size import hedges_correction
from evalkit.stats.mixed.fit import MixedFit, fit_mixed
from evalkit.stats.mixed.inference import Inference, quantile, single_tests
from evalkit.stats.vectors import check_conf_level

Variants = Literal["headline", "all"]
COLUMNS = [
    *("contrast", "variant", "estimate", "conf_low", "conf_high", "conf_level", "interval", "p_value"),
    *("sd", "df", "correction", "unit"),
    *("n_treated", "n_control", "clusters_treated", "clusters_control", "reason"),
]


def effect_size(
    core: MixedFit,
    sample: Sample,
    inference: Inference,
    treatment: str,
    *,
    interaction: str | None = None,
    variants: Variants = "all",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Standardise the effect of a treatment in a fitted model.

    Parameters
    ----------
    core : MixedFit
    sample : Sample
    inference : Inference
    treatment : str
        Term of the formula: 0 and 1 (or any two numbers), or categories with the control first.
    interaction : str, optional
        Covariate of an interaction with the treatment: standardises the difference in effect instead, by the standard
        deviation of the FULL sample. For a subgroup on its own, fit the model to its rows: its own SD is then used.
    variants : {"all", "headline"}
    conf_level : float

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; for every treated arm first `g_total` and `g_within`, then the variants. What cannot be
        had is a row with a `reason`. For an outcome of 0 and 1: risk difference, Cox's d and odds ratios instead.

    Raises
    ------
    FitError, SpecError
        When the treatment is no term that compares arms, or an option is unknown.

    Notes
    -----
    g = J b / S with S^2 of the model with arms, grouping and nothing else on the same rows; see
    `stats.cluster_effect_size`. Counts are those of the two arms compared, whatever other arms there are.
    """
    if variants not in ("headline", "all"):
        raise SpecError(f"variants={variants!r} is unknown. Use 'all' or 'headline'.")
    check_conf_level(conf_level)
    arms = find_arms(core.coordinates.dropped, sample, treatment)
    if interaction is None and bool(np.isin(sample.outcome, (0.0, 1.0)).all()):
        rows = binary_rows(core, sample, arms, conf_level=conf_level)
        return _frame(rows, sample, arms, conf_level)
    chosen = _contrasts(core, sample, arms, interaction)
    trial = _Trial.of(core, sample, arms, variants)
    rows: list[dict[str, object]] = []
    for label, arm, weights in chosen:
        effect = _interval(inference, weights, conf_level)
        for name, build in _recipes(trial, arm, variants, subgroup=interaction is not None):
            rows.append(_row(label, arm, name, build, effect, inference.method, conf_level))
    return _frame(rows, sample, arms, conf_level)


def _contrasts(
    core: MixedFit, sample: Sample, arms: Arms, interaction: str | None
) -> list[tuple[str, int, np.ndarray]]:
    """Label, arm and weights of each effect to standardise."""
    names = [sample.coding.names[i] for i in core.coordinates.kept]
    terms = [sample.coding.terms[i] for i in core.coordinates.kept]
    unit = np.eye(len(names))
    steps = [high - low for low, high in arms.values]
    if interaction is None:
        partners = [t for t in dict.fromkeys(terms) if ":" in t and arms.term in t.split(":")]
        others = sorted({part for t in partners for part in t.split(":")} - {arms.term})
        where = f" where {', '.join(others)} is 0 or the reference" if others else ""
        return [
            (f"{name}{where}", k, steps[k - 1] * unit[names.index(name)]) for k, name in enumerate(arms.names, start=1)
        ]
    wanted = [t for t in (f"{arms.term}:{interaction}", f"{interaction}:{arms.term}") if t in terms]
    if not wanted:
        raise FitError(
            f"{sample.formula.text!r} has no interaction of {arms.term!r} with {interaction!r}. "
            f"Fit the model with {arms.term} * {interaction} first."
        )
    found: list[tuple[str, int, np.ndarray]] = []
    for at, (name, term) in enumerate(zip(names, terms, strict=True)):
        if term in wanted:
            arm = next(k for k, own in enumerate(arms.names, start=1) if own in name.split(":"))
            found.append((name, arm, steps[arm - 1] * unit[at]))
    return found


def _interval(inference: Inference, weights: np.ndarray, conf_level: float) -> Interval:
    test = single_tests(inference, weights)[0]
    reach = quantile(conf_level, test.df) * test.std_error
    return Interval(test.estimate, test.estimate - reach, test.estimate + reach, test.std_error, test.p_value)


@dataclass(frozen=True, slots=True)
class _Trial:
    """What the variants share: the arms, and the yardsticks of three models of the same rows."""

    sample: Sample
    arms: Arms
    arm_only: MixedFit
    arm_yardstick: Yardstick
    empty_yardstick: Yardstick | None
    own_yardstick: Yardstick | None

    @staticmethod
    def of(core: MixedFit, sample: Sample, arms: Arms, variants: Variants) -> "_Trial":
        ones = np.ones((1, sample.outcome.size))
        terms = plain_terms(sample.terms, arms.names)
        columns = np.vstack([ones, *(arms.column(k, arms.codes) for k in range(1, len(arms.names) + 1))])
        arm_only = fit_mixed(sample.outcome, columns, terms, weights=sample.weights)
        if not arm_only.certificate.converged:
            raise FitError("The model with the arms alone found no certified optimum, so there is no effect size.")
        yardstick = measure_yardstick(arm_only, terms, sample.weights)
        if variants == "headline":
            return _Trial(sample, arms, arm_only, yardstick, None, None)
        bare = plain_terms(sample.terms, ())
        empty = fit_mixed(sample.outcome, ones, bare, weights=sample.weights)
        return _Trial(
            sample,
            arms,
            arm_only,
            yardstick,
            measure_yardstick(empty, bare, sample.weights),
            measure_yardstick(core, sample.terms, sample.weights),
        )

    def cluster_sizes(self, arm: int) -> ArmSizes:
        """Sizes of the clusters of two arms, or why the formula of a cluster trial does not apply."""
        self._two_levels()
        if self.arms.group is None:
            raise FitError("Both arms are in the same clusters: this is not a cluster trial.")
        if self.arm_only.components[0].names != ("Intercept",):
            raise FitError("The formula is for clusters in both arms; here only one arm works in groups.")
        term = self.sample.terms[self.arms.group]
        treated, control = (arm_sizes(term, self.arms.codes, k) for k in (arm, 0))
        return ArmSizes(treated[treated > 0], control[control > 0])

    def sites(self, arm: int) -> Sites:
        """Sizes of both arms in the sites that have both."""
        self._two_levels()
        term = self.sample.terms[0]
        treated, control = (arm_sizes(term, self.arms.codes, k) for k in (arm, 0))
        both = (treated > 0) & (control > 0)
        return Sites(treated[both], control[both])

    def _two_levels(self) -> None:
        if len({term.group for term in self.sample.terms}) > 1:
            raise FitError("The formula knows two levels only; this model has more.")
        if self.sample.weights is not None:
            raise FitError("The formula knows no weights.")

    def effect_variance(self, arm: int) -> float:
        """Variance between sites of an arm's effect, 0 where the model lets it not vary."""
        low, high = self.arms.values[arm - 1]
        for component in self.arm_only.components:
            if self.arms.names[arm - 1] in component.names:
                at = component.names.index(self.arms.names[arm - 1])
                return float(component.covariance[at, at]) * (high - low) ** 2
        return 0.0


Recipe = Callable[[Interval, str, float], ClusterEffect]


def _recipes(trial: _Trial, arm: int, variants: Variants, *, subgroup: bool) -> list[tuple[str, Recipe]]:
    """Name and recipe of every variant, the headline first."""
    own = trial.arm_yardstick
    found: list[tuple[str, Recipe]] = [
        ("g_total", _over(own.total, own.total_df)),
        ("g_within", _over(own.within, own.within_df)),
    ]
    if variants == "headline":
        return found
    conditional, empty = trial.own_yardstick, trial.empty_yardstick
    assert conditional is not None
    assert empty is not None
    n = trial.sample.outcome.size
    found += [
        ("conditional_total", _over(conditional.total, conditional.total_df)),
        ("conditional_within", _over(conditional.within, conditional.within_df)),
        ("eef_null_total", lambda e, how, _: eef_null_effect(e, sd=empty.total, n_rows=n, interval=how)),
        ("eef_null_within", lambda e, how, _: eef_null_effect(e, sd=empty.within, n_rows=n, interval=how)),
        ("design_comparable", lambda e, _, level: design_comparable_effect(e, own, conf_level=level)),
    ]
    if subgroup:  # the formulas below are for a main effect
        return found
    for reach in ("total", "within"):
        found += _formula_recipes(trial, arm, reach)
    return found


def _over(sd: float, df: float) -> Recipe:
    return lambda effect, how, _: standardised_effect(effect, sd=sd, df=df, interval=how)


def _formula_recipes(trial: _Trial, arm: int, reach: Reach) -> list[tuple[str, Recipe]]:
    own, empty = trial.arm_yardstick, trial.empty_yardstick
    assert empty is not None
    sd, df = (own.total, own.total_df) if reach == "total" else (own.within, own.within_df)

    def by_clusters(effect: Interval, _: str, level: float) -> ClusterEffect:
        sizes, correction = trial.cluster_sizes(arm), hedges_correction(df)
        value = correction * effect.estimate / sd
        low, high = normal_limits(value, hedges_variance(value, own.icc, sizes, reach=reach), conf_level=level)
        return ClusterEffect(value, low, high, sd, df, correction, "hedges_2007")

    def by_sites(effect: Interval, _: str, level: float) -> ClusterEffect:
        correction = hedges_correction(df)
        value = correction * effect.estimate / sd
        variance = multisite_variance(
            value,
            sd=sd,
            within_variance=own.within**2,
            effect_variance=trial.effect_variance(arm),
            sites=trial.sites(arm),
        )
        low, high = normal_limits(value, variance, conf_level=level)
        return ClusterEffect(value, low, high, sd, df, correction, "multisite")

    def package(effect: Interval, _: str, level: float) -> ClusterEffect:
        return eef_package_effect(effect.estimate, empty, trial.cluster_sizes(arm), reach=reach, conf_level=level)

    formula = (f"multisite_{reach}", by_sites) if trial.arms.group is None else (f"hedges_2007_{reach}", by_clusters)
    return [formula, (f"eef_package_{reach}", package)]


def _row(
    label: str, arm: int, name: str, build: Recipe, effect: Interval, method: str, conf_level: float
) -> dict[str, object]:
    row: dict[str, object] = {
        "contrast": label,
        "variant": name,
        "arm": arm,
        "unit": "standard deviations",
        "reason": "",
    }
    try:
        found = build(effect, method, conf_level)
    except FitError as error:
        return {**row, "reason": error.message}
    same_test = found.interval == method
    return {
        **row,
        "estimate": found.value,
        "conf_low": found.low,
        "conf_high": found.high,
        "interval": found.interval,
        "p_value": effect.p_value if same_test else np.nan,
        "sd": found.sd,
        "df": found.df,
        "correction": found.correction,
    }


def _frame(rows: list[dict[str, object]], sample: Sample, arms: Arms, conf_level: float) -> pd.DataFrame:
    """Add the counts of the two arms that a row compares, and put the columns in order."""
    widest = sample.terms[-1] if arms.group is None else sample.terms[arms.group]
    filled: list[dict[str, object]] = []
    for row in rows:
        arm = row["arm"]
        assert isinstance(arm, int)
        treated, control = (arm_sizes(widest, arms.codes, k) for k in (arm, 0))
        filled.append(
            {
                **row,
                "conf_level": conf_level,
                "n_treated": int(treated.sum()),
                "n_control": int(control.sum()),
                "clusters_treated": int((treated > 0).sum()),
                "clusters_control": int((control > 0).sum()),
            }
        )
    frame = pd.DataFrame(filled).reindex(columns=COLUMNS)
    numbers = ["estimate", "conf_low", "conf_high", "p_value", "sd", "df", "correction"]
    frame[numbers] = frame[numbers].astype(float)
    frame["interval"] = frame["interval"].astype("object").fillna("").astype("str")  # a float where no row has one
    return frame
