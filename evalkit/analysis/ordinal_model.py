"""Ordered logit with cluster-robust errors: a formula and a frame in, an `OrdinalModel` out."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from evalkit.analysis.design import need_columns, read_column
from evalkit.analysis.formula import NAME
from evalkit.analysis.model_frames import caveat_frame, check_level, coefficient_frame, row_caveats
from evalkit.analysis.model_rows import Rows, draw_rows, read_formula
from evalkit.errors import FitError, SpecError
from evalkit.stats.ordinal import OrdinalFit, fit_ordinal

FEW_CLUSTERS = 20  # below it CR1 standard errors are too small
MOST_ANSWERS = 25  # more different values are a measurement, not answers


def ordinal(formula: str, data: pd.DataFrame, *, clusters: str) -> "OrdinalModel":
    """Fit an ordered logit (proportional odds) with cluster-robust standard errors.

    Parameters
    ----------
    formula : str
        "answer ~ treat + pre", in the language of `multilevel` without random terms; thresholds replace the intercept.
    data : pandas.DataFrame
        A row per pupil. The outcome is numbers in the order of the answers, or an ordered pandas Categorical, with
        three to 25 different answers. Rows with a missing value are left out, and counted.
    clusters : str
        Column of the groups that pupils share, such as the school.

    Returns
    -------
    OrdinalModel

    Raises
    ------
    SpecError
        When the formula cannot be read.
    FitError
        When the data do not fit the formula, or the answers have no order.

    Notes
    -----
    `stats.ordinal`: CR1 standard errors; t on J - p degrees of freedom, p the columns that vary only between clusters
    (the thresholds count as one). Limits are in docs/explanation/robust.md.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> school = np.repeat(np.arange(12), 20)
    >>> data = pd.DataFrame({"school": school, "treat": school % 2})
    >>> data["answer"] = np.digitize(data.treat + rng.logistic(size=240), [-1, 1])
    >>> ordinal("answer ~ treat", data, clusters="school").tidy()[["term", "df"]].values.tolist()
    [['treat', 10.0], ['0|1', 10.0], ['1|2', 10.0]]
    """
    outcome = read_formula(formula).outcome
    frame, answers = _recode(formula, outcome, data)
    rows = draw_rows(formula, frame, clusters=clusters, constant=True)
    if rows.codes is None:
        raise SpecError("ordinal() needs clusters: name the column of the groups that pupils share, clusters='school'.")
    if not rows.kept:
        raise FitError(f"Formula {formula!r} has no predictor that varies. Write one, such as {outcome} ~ treat.")
    found = np.unique(rows.sample.outcome)
    if not 3 <= found.size <= MOST_ANSWERS:
        instead = "use logit() or gee() for a yes/no outcome" if found.size < 3 else "use linear() or multilevel()"
        raise FitError(
            f"The outcome {outcome!r} has {found.size} different value(s) in the complete rows; an ordered logit takes "
            f"3 to {MOST_ANSWERS}: {instead}."
        )
    labels = tuple(f"{value:g}" if answers is None else answers[int(value)] for value in found)
    core = fit_ordinal(rows.design, rows.sample.outcome, clusters=rows.codes, names=rows.names)
    return OrdinalModel(core, rows, labels)


def _recode(formula: str, outcome: str, data: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...] | None]:
    """A frame in which an ordered Categorical is 0, 1, ..., and its answers; None where it is numbers."""
    if not re.fullmatch(NAME, outcome) or not isinstance(data, pd.DataFrame):  # pyright: ignore[reportUnnecessaryIsInstance]
        return data, None
    need_columns(data, [outcome], formula=formula)
    column = read_column(data, outcome)
    if column.codes is None:
        return data, None
    if (column.codes < 0).all():  # no answer to speak of, and the rows say the rest
        return data.assign(**{outcome: np.nan}), None
    if not getattr(data[outcome].dtype, "ordered", False):
        raise FitError(
            f"The outcome {outcome!r} holds text, such as {column.levels[0]!r}, whose order is not known. Give the "
            "answers from lowest to highest: pandas.Categorical(values, categories=[...], ordered=True), or numbers."
        )
    values = np.where(column.codes < 0, np.nan, column.codes.astype(float))
    return data.assign(**{outcome: values}), tuple(map(str, column.levels))


@dataclass(frozen=True, slots=True, repr=False)
class OrdinalModel:
    """A fitted ordered logit. Frozen: every method computes a new frame.

    Attributes
    ----------
    core : OrdinalFit
        Estimates as arrays.
    rows : Rows
        The rows and columns used.
    answers : tuple of str
        The answers found, lowest first.
    """

    core: OrdinalFit
    rows: Rows
    answers: tuple[str, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients, without thresholds."""
        return self.core.names

    @property
    def thresholds(self) -> tuple[str, ...]:
        """Names of the thresholds, as MASS::polr's: "1|2" lies between the answers 1 and 2."""
        return tuple(f"{low}|{high}" for low, high in zip(self.answers[:-1], self.answers[1:], strict=True))

    @property
    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`, a row each."""
        core = self.core
        found = row_caveats(self.rows, self.rows.dropped, few=0)
        if core.n_clusters < FEW_CLUSTERS:
            message = (
                f"With {core.n_clusters} levels of {self.rows.clusters}, below {FEW_CLUSTERS}, p values are too small."
            )
            found.insert(0, ("few_clusters", "warning", message))
        message = (
            f"Tests use t with {core.n_clusters} clusters - {core.n_between} column(s) that vary only between them "
            f"(the thresholds count as one) = {core.df} degrees of freedom."
        )
        return caveat_frame([*found, ("degrees_of_freedom", "note", message)])

    def tidy(self, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Coefficients, then thresholds, a row each.

        Columns `term estimate std_error df statistic p_value conf_low conf_high kind odds_ratio`; `kind` is
        "coefficient" or "threshold". `odds_ratio` multiplies the odds of any higher answer. A threshold has no test
        and no odds ratio (NaN): that it is 0 is no question.
        """
        core, cuts = self.core, len(self.core.thresholds)
        reach = stdtrit(core.df, 0.5 + check_level(conf_level) / 2)
        estimates = np.append(core.coefficients, core.thresholds)
        errors = np.append(core.std_errors, core.threshold_std_errors)
        limits = np.column_stack([estimates - reach * errors, estimates + reach * errors])
        none = np.full(cuts, np.nan)
        frame = coefficient_frame(
            [*self.terms, *self.thresholds],
            estimates,
            errors,
            core.df,
            np.append(core.t_values, none),
            np.append(core.p_values, none),
            limits,
        )
        kind = ["coefficient"] * len(self.terms) + ["threshold"] * cuts
        return frame.assign(kind=kind, odds_ratio=np.append(np.exp(core.coefficients), none))

    def glance(self) -> pd.DataFrame:
        """One row: `n_obs n_missing n_clusters n_between df loglik answers dropped`; df = n_clusters - n_between."""
        core = self.core
        return pd.DataFrame(
            {
                "n_obs": [core.n_rows],
                "n_missing": [self.rows.n_missing],
                "n_clusters": [core.n_clusters],
                "n_between": [core.n_between],
                "df": [core.df],
                "loglik": [core.log_likelihood],
                "answers": [" < ".join(self.answers)],
                "dropped": ["; ".join(self.rows.dropped)],
            }
        )

    def covariance(self) -> pd.DataFrame:
        """CR1 covariance of the coefficients and thresholds."""
        names = [*self.terms, *self.thresholds]
        return pd.DataFrame(self.core.covariance, index=names, columns=names)

    def __repr__(self) -> str:
        return f"<OrdinalModel {self.rows.sample.formula.text!r}, {self.core.n_rows} rows>"
