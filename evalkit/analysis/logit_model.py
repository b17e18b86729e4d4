"""Logit models with one random intercept: a formula and a frame in, a `LogitModel` out."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from evalkit.analysis.design import FloatArray, need_columns, read_column
from evalkit.analysis.formula import NAME, parse_formula
from evalkit.analysis.model_frames import FEW_CLUSTERS, caveat_frame, check_level, coefficient_frame, sample_notes
from evalkit.analysis.multilevel_arms import Arms, reallocate
from evalkit.analysis.sample import Sample, draw_sample
from evalkit.errors import FitError
from evalkit.stats.gee import count_between_columns
from evalkit.stats.glm import LogitFit, fit_logit
from evalkit.stats.linear import independent_columns
from evalkit.stats.marginal import MarginalContrast, marginal_contrast


def logit(formula: str, data: pd.DataFrame, *, n_nodes: int = 7) -> "LogitModel":
    """Fit a logistic regression with one random intercept, by adaptive Gauss-Hermite quadrature.

    Parameters
    ----------
    formula : str
        "passed ~ treat + pre + (1 | school)", in the language of `multilevel`, with exactly one random intercept.
    data : pandas.DataFrame
        A row per pupil. The outcome is 0/1, True/False, or text or categories of two levels, of which the second (of
        texts: in sorted order) counts as 1. Rows with a missing value are left out, and counted.
    n_nodes : int
        Points of the quadrature, 1 (Laplace, as glmer's default) to 100.

    Returns
    -------
    LogitModel

    Raises
    ------
    SpecError
        When the formula cannot be read.
    FitError
        When the data do not fit the formula, or it has not exactly one random intercept.

    Notes
    -----
    `stats.glm`, held against `lme4::glmer`; formulas and limits are in docs/explanation/robust.md.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> school = np.repeat(np.arange(12), 20)
    >>> data = pd.DataFrame({"school": school, "treat": school % 2})
    >>> data["passed"] = rng.random(240) < 0.4 + 0.2 * data.treat
    >>> fit = logit("passed ~ treat + (1 | school)", data)
    >>> fit.risk_difference("treat")[["contrast", "df"]].values.tolist()
    [['treat', 10.0]]
    """
    _check_random(formula)
    frame, levels = recode_outcome(formula, parse_formula(formula).outcome, data)
    sample = draw_sample(formula, frame, None)
    check_two_values(sample.formula.outcome, sample.outcome)
    kept = tuple(independent_columns(sample.columns.T).tolist())
    names = [sample.coding.names[i] for i in kept]
    core = fit_logit(
        sample.columns[list(kept)].T, sample.outcome, clusters=sample.terms[0].codes, names=names, n_nodes=n_nodes
    )
    return LogitModel(core, sample, kept, levels)


def _check_random(formula: str) -> None:
    parts = parse_formula(formula).random if "|" in formula else ()
    if len(parts) != 1 or parts[0].effects != "1":
        found = f"{len(parts)} random terms" if len(parts) != 1 else f"the effects {parts[0].effects!r} in its term"
        found = "no random term" if not parts else found
        raise FitError(
            f"Formula {formula!r} has {found}; logit() takes exactly one random intercept. Write + (1 | school), with "
            "the groups that were allocated. Without random terms use gee(), which takes clusters='school'."
        )


def recode_outcome(formula: str, outcome: str, data: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, str] | None]:
    """A frame in which an outcome of two texts or categories is 0 and 1, and the two; None where it is numbers.

    Raises
    ------
    FitError
        When there is no such column, or it has not two levels.
    """
    if not re.fullmatch(NAME, outcome) or not isinstance(data, pd.DataFrame):  # pyright: ignore[reportUnnecessaryIsInstance]
        return data, None
    need_columns(data, [outcome], formula=formula)
    column = read_column(data, outcome)
    if column.codes is None:
        return data, None
    present = np.unique(column.codes[column.codes >= 0])
    if not present.size:  # all missing: no level to speak of, and the rows say the rest
        return data.assign(**{outcome: np.nan}), None
    if present.size != 2:
        some = ", ".join(repr(column.levels[i]) for i in present[:5]) + (", ..." if present.size > 5 else "")
        raise FitError(
            f"The outcome {outcome!r} has {present.size} level(s) ({some}); a yes/no outcome has two. Make a column of "
            "0 and 1 that says what counts as yes; for ordered answers use ordinal()."
        )
    values = np.where(column.codes < 0, np.nan, (column.codes == present[1]).astype(float))
    return data.assign(**{outcome: values}), (str(column.levels[present[0]]), str(column.levels[present[1]]))


def check_two_values(name: str, outcome: FloatArray) -> None:
    """Refuse a numeric outcome that is not 0 and 1, or only one of them."""
    found = np.unique(outcome)
    if not np.isin(found, (0.0, 1.0)).all():
        some = ", ".join(f"{value:g}" for value in found[:5]) + (", ..." if found.size > 5 else "")
        raise FitError(
            f"The outcome {name!r} holds {some}; a yes/no outcome is 0 or 1. Make such a column, for example "
            f"data[{name!r}] == {found[-1]:g}; for ordered answers use ordinal()."
        )
    if found.size < 2:
        raise FitError(f"The outcome {name!r} is {found[0]:g} in every complete row; a yes/no model needs both.")


def level_notes(name: str, levels: tuple[str, str] | None) -> list[tuple[str, str, str]]:
    """Which text counts as 1: a caveat, none where the outcome is numbers."""
    if levels is None:
        return []
    message = (
        f"In {name}, {levels[1]!r} counts as 1 and {levels[0]!r} as 0. To turn it round, make a column of 0 and 1."
    )
    return [("outcome_coding", "note", message)]


@dataclass(frozen=True, slots=True, repr=False)
class LogitModel:
    """A fitted logit with one random intercept. Frozen: every method computes a new frame.

    Attributes
    ----------
    core : LogitFit
        Estimates as arrays.
    sample : Sample
        The rows and columns used.
    kept : tuple of int
        Columns of the sample that earlier ones do not determine.
    levels : (str, str) or None
        The texts that count as 0 and as 1; None where the outcome is numbers.
    """

    core: LogitFit
    sample: Sample
    kept: tuple[int, ...]
    levels: tuple[str, str] | None

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the fixed effects."""
        return self.core.names

    @property
    def dropped(self) -> tuple[str, ...]:
        """Columns left out, because the others determine them."""
        return tuple(name for i, name in enumerate(self.sample.coding.names) if i not in self.kept)

    @property
    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`, a row each; none when there is nothing."""
        core, group = self.core, self.sample.terms[0].group
        found: list[tuple[str, str, str]] = []
        if not core.is_certified:
            message = "The search did not reach a certified optimum; do not report these numbers."
            found.append(("not_converged", "warning", message))
        if core.is_singular:
            message = f"The variance between levels of {group} is estimated as 0: the fit is the plain logit."
            found.append(("singular_fit", "warning", message))
        if self.dropped:
            message = f"Left out, because the other columns already determine them: {', '.join(self.dropped)}."
            found.append(("dropped_columns", "warning", message))
        if core.n_clusters < FEW_CLUSTERS:
            message = (
                f"{group} has only {core.n_clusters} levels: z tests, as glmer's, then are too sure of themselves. "
                "risk_difference() takes t with few degrees of freedom."
            )
            found.append(("few_groups", "warning", message))
        return caveat_frame(
            [*found, *sample_notes(self.sample), *level_notes(self.sample.formula.outcome, self.levels)]
        )

    def tidy(self, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Log odds ratios given the school, z tests as glmer's (df is infinite).

        Columns `term estimate std_error df statistic p_value conf_low conf_high odds_ratio`.
        """
        core = self.core
        reach = stdtrit(np.inf, 0.5 + check_level(conf_level) / 2) * core.std_errors
        limits = np.column_stack([core.coefficients - reach, core.coefficients + reach])
        frame = coefficient_frame(
            core.names, core.coefficients, core.std_errors, np.inf, core.z_values, core.p_values, limits
        )
        return frame.assign(odds_ratio=np.exp(core.coefficients))

    def glance(self) -> pd.DataFrame:
        """One row: sizes, likelihood, sigma, the latent ICC, whether it is singular and converged.

        `icc_latent` is sigma^2 / (sigma^2 + pi^2 / 3), on the logit scale.
        """
        core = self.core
        return pd.DataFrame(
            {
                "n_obs": [core.n_rows],
                "n_missing": [self.sample.n_given - core.n_rows],
                "n_groups": [core.n_clusters],
                "loglik": [core.log_likelihood],
                "aic": [core.aic],
                "bic": [core.bic],
                "sigma": [core.sigma],
                "icc_latent": [core.icc],
                "is_singular": [core.is_singular],
                "converged": [core.is_certified],
                "n_nodes": [core.n_nodes],
                "dropped": ["; ".join(self.dropped)],
            }
        )

    def random_effects(self) -> pd.DataFrame:
        """Conditional modes of the groups' effects, on the logit scale: `group level term estimate std_error`."""
        return pd.DataFrame(
            {
                "group": self.sample.terms[0].group,
                "level": np.array(self.sample.grouped[0].levels, dtype=object),
                "term": "Intercept",
                "estimate": self.core.effects,
                "std_error": self.core.effect_std_errors,
            }
        )

    def risk_difference(self, treatment: str, *, conf_level: float = 0.95) -> pd.DataFrame:
        """What the treatment does to the share of pupils, averaged over covariates and over schools.

        Parameters
        ----------
        treatment : str
            A term of the formula: a number of two values, or categories, the first being the control.
        conf_level : float

        Returns
        -------
        DataFrame
            A row per treated arm: `contrast risk_treated risk_control estimate std_error df statistic p_value conf_low
            conf_high` of the risk difference (a share: 0.05 is five percentage points), then `cox_d
            marginal_odds_ratio conditional_odds_ratio`, each with its `_low` and `_high`. The conditional odds ratio
            compares pupils of one school; NaN where an interaction gives one per value of a covariate.

        Raises
        ------
        FitError
            When there is no such term, or it does not compare arms.

        Notes
        -----
        Delta method (`stats.marginal`). Where every group lies in one arm, t with J minus the columns that vary only
        between groups (the intercept counts) as df; where arms meet within groups, the normal distribution.
        """
        level = check_level(conf_level)
        arms = _arms(self, treatment)
        codes = self.sample.terms[0].codes
        between = count_between_columns(self.core.design, codes=codes)
        df = np.inf if arms.group is None else float(self.core.n_clusters - between)
        control = self._design(arms, 0)
        found = [
            marginal_contrast(self.core, treated=self._design(arms, arm), control=control)
            for arm in range(1, len(arms.names) + 1)
        ]
        return pd.DataFrame([_row(name, own, df, level) for name, own in zip(arms.names, found, strict=True)])

    def _design(self, arms: Arms, arm: int) -> FloatArray:
        everyone = np.full(arms.codes.shape, arm, dtype=np.intp)
        return reallocate(self.sample, arms, everyone).columns[list(self.kept)].T

    def __repr__(self) -> str:
        return f"<LogitModel {self.sample.formula.text!r}, {self.core.n_rows} rows>"


def _arms(model: LogitModel, treatment: str) -> Arms:
    sample, coding = model.sample, model.sample.coding
    wanted = next((t for t in (treatment, f"C({treatment})") if t in coding.terms), None)
    if wanted is None or wanted in ("Intercept", "1"):
        usable = [t for t in dict.fromkeys(coding.terms) if t not in ("Intercept", "1") and ":" not in t]
        raise FitError(
            f"{treatment!r} is not a term of {sample.formula.text!r}. Name the treatment: one of {', '.join(usable)}."
        )
    if "Intercept" not in coding.names:
        raise FitError(
            f"{sample.formula.text!r} has no intercept, so {treatment!r} has no control arm. Add the intercept."
        )
    places = tuple(i for i, term in enumerate(coding.terms) if term == wanted)
    lost = [coding.names[i] for i in places if i not in model.kept]
    if lost:
        raise FitError(
            f"{', '.join(lost)} was left out of the model, because other columns determine it, so its effect is "
            "unknown. Leave out the columns that repeat the treatment."
        )
    rows = sample.columns[list(places)]
    values = [np.unique(row) for row in rows]
    if any(v.size != 2 for v in values) or (len(rows) > 1 and any(v.tolist() != [0.0, 1.0] for v in values)):
        raise FitError(
            f"{treatment!r} takes {max(v.size for v in values)} different values, so it names no arms. Use 0 and 1, or "
            f"C({treatment}) if every value is an arm of its own."
        )
    pairs = tuple((float(v[0]), float(v[1])) for v in values)
    high = np.array([v[1] for v in values])
    codes = (np.arange(1, len(rows) + 1) @ (rows == high[:, None])).astype(np.intp)
    group = sample.terms[0].codes
    first = np.zeros(sample.terms[0].levels, dtype=np.intp)
    first[group] = codes
    whole = bool((first[group] == codes).all())
    return Arms(wanted, places, tuple(coding.names[i] for i in places), pairs, codes, 0 if whole else None)


def _row(name: str, found: MarginalContrast, df: float, level: float) -> dict[str, Any]:
    quantile = float(stdtrit(df, 0.5 + level / 2))
    error = found.risk_difference_std_error
    statistic = found.risk_difference / error
    row: dict[str, Any] = {
        "contrast": name,
        "risk_treated": found.risk_treated,
        "risk_control": found.risk_control,
        "estimate": found.risk_difference,
        "std_error": error,
        "df": df,
        "statistic": statistic,
        "p_value": float(2 * stdtr(df, -abs(statistic))),
        "conf_low": found.risk_difference - quantile * error,
        "conf_high": found.risk_difference + quantile * error,
    }
    log = (found.marginal_log_odds_ratio, found.marginal_log_odds_ratio_std_error)
    own = (found.conditional_log_odds_ratio, found.conditional_log_odds_ratio_std_error)
    for key, (value, spread), ratio in (
        ("cox_d", (found.cox_d, found.cox_d_std_error), False),
        ("marginal_odds_ratio", log, True),
        ("conditional_odds_ratio", own, True),
    ):
        triple = np.array([value, value - quantile * spread, value + quantile * spread])
        triple = np.exp(triple) if ratio else triple
        row |= dict(zip((key, f"{key}_low", f"{key}_high"), map(float, triple), strict=True))
    return row
