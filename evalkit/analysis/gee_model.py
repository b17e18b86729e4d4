"""Generalised estimating equations: a formula and a frame in, a `GeeModel` out."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from evalkit.analysis.linear_model import PERFECT
from evalkit.analysis.logit_model import check_two_values, level_notes, recode_outcome
from evalkit.analysis.model_frames import FEW_CLUSTERS, caveat_frame, check_level, coefficient_frame, row_caveats
from evalkit.analysis.model_rows import Rows, draw_rows, read_formula
from evalkit.errors import FitError, SpecError
from evalkit.stats.gee import Family, GeeFit, fit_gee
from evalkit.stats.linear import fit_linear


def gee(formula: str, data: pd.DataFrame, *, clusters: str, family: Family = "logit") -> "GeeModel":
    """Fit a marginal model with exchangeable pupils within clusters, honest with few clusters.

    Parameters
    ----------
    formula : str
        "passed ~ treat + pre", in the language of `multilevel` without random terms.
    data : pandas.DataFrame
        A row per pupil. Rows with a missing value in a column of the model are left out, and counted. For the logit
        the outcome is 0/1, True/False, or text or categories of two levels, of which the second counts as 1.
    clusters : str
        Column of the groups that pupils share, such as the school.
    family : {"logit", "linear"}

    Returns
    -------
    GeeModel

    Raises
    ------
    SpecError
        When the formula cannot be read or an option is unknown.
    FitError
        When the data do not fit the formula, or there are too few clusters for the columns between them.

    Notes
    -----
    `stats.gee`: Mancl and DeRouen's standard errors; t on J - p degrees of freedom, p the columns that vary only
    between clusters (the intercept counts). Limits are in docs/explanation/robust.md.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> school = np.repeat(np.arange(12), 20)
    >>> data = pd.DataFrame({"school": school, "treat": school % 2})
    >>> data["passed"] = rng.random(240) < 0.4 + 0.2 * data.treat
    >>> gee("passed ~ treat", data, clusters="school").tidy()[["term", "df"]].values.tolist()
    [['Intercept', 10.0], ['treat', 10.0]]
    """
    if family not in get_args(Family):
        raise SpecError(f"family={family!r} is unknown. Use one of: {', '.join(get_args(Family))}.")
    outcome = read_formula(formula).outcome
    frame, levels = recode_outcome(formula, outcome, data) if family == "logit" else (data, None)
    rows = draw_rows(formula, frame, clusters=clusters)
    y = rows.sample.outcome
    if family == "logit":
        check_two_values(outcome, y)
    elif y.min() == y.max():
        raise FitError(f"The outcome {outcome!r} is {y[0]:g} in every row: nothing to explain.")
    elif fit_linear(rows.design, y).sigma < PERFECT * float(np.std(y)):
        raise FitError(f"The columns foretell {outcome!r} without error: leave out the one that repeats it.")
    if rows.codes is None:
        raise SpecError("gee() needs clusters: name the column of the groups that pupils share, clusters='school'.")
    if rows.n_clusters == y.size:
        raise FitError(
            f"The clusters {clusters!r} have a level for every row, so no two rows are alike in it. Name the groups "
            "that rows share, such as the school."
        )
    return GeeModel(fit_gee(rows.design, y, clusters=rows.codes, names=rows.names, family=family), rows, family, levels)


@dataclass(frozen=True, slots=True, repr=False)
class GeeModel:
    """A fitted marginal model. Frozen: every method computes a new frame.

    Attributes
    ----------
    core : GeeFit
        Estimates as arrays.
    rows : Rows
        The rows and columns used.
    family : {"logit", "linear"}
    levels : (str, str) or None
        The texts that count as 0 and as 1; None where the outcome is numbers.
    """

    core: GeeFit
    rows: Rows
    family: Family
    levels: tuple[str, str] | None

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.core.names

    @property
    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`, a row each."""
        core = self.core
        message = (
            f"Tests use t with {core.n_clusters} clusters - {core.n_between} column(s) that vary only between them "
            f"(the intercept counts) = {core.df} degrees of freedom."
        )
        found = row_caveats(self.rows, self.rows.dropped, few=FEW_CLUSTERS)
        found += level_notes(self.rows.sample.formula.outcome, self.levels)
        return caveat_frame([*found, ("degrees_of_freedom", "note", message)])

    def tidy(self, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Coefficients of the average pupil: `term estimate std_error df statistic p_value conf_low conf_high`.

        The logit has log odds ratios, and a column `odds_ratio`.
        """
        core = self.core
        limits = core.intervals(check_level(conf_level))
        frame = coefficient_frame(
            core.names, core.coefficients, core.std_errors, core.df, core.t_values, core.p_values, limits
        )
        return frame.assign(odds_ratio=np.exp(core.coefficients)) if self.family == "logit" else frame

    def glance(self) -> pd.DataFrame:
        """One row: `n_obs n_missing n_clusters n_between df correlation family dropped`."""
        core = self.core
        return pd.DataFrame(
            {
                "n_obs": [core.n_rows],
                "n_missing": [self.rows.n_missing],
                "n_clusters": [core.n_clusters],
                "n_between": [core.n_between],
                "df": [core.df],
                "correlation": [core.correlation],
                "family": [self.family],
                "dropped": ["; ".join(self.rows.dropped)],
            }
        )

    def covariance(self) -> pd.DataFrame:
        """Mancl and DeRouen's covariance of the coefficients."""
        return pd.DataFrame(self.core.covariance, index=list(self.terms), columns=list(self.terms))

    def __repr__(self) -> str:
        return f"<GeeModel {self.rows.sample.formula.text!r}, {self.core.n_rows} rows>"
