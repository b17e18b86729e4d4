"""Linear models with cluster-robust errors: a formula and a frame in, a `LinearModel` out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from evalkit.analysis.model_frames import FEW_CLUSTERS, caveat_frame, check_level, coefficient_frame, row_caveats
from evalkit.analysis.model_rows import Rows, draw_rows, places_of
from evalkit.errors import FitError, SpecError
from evalkit.stats.linear import LinearFit, fit_linear
from evalkit.stats.robust import Kind, RobustCovariance, cluster_robust
from evalkit.stats.robust_inference import coefficient_tests, joint_test

UNSEEN = 1e-6  # a coefficient with this much of its variance out of sight deserves a warning
PERFECT = 1e-12  # residual over outcome spread below which nothing is left but rounding


def linear(
    formula: str,
    data: pd.DataFrame,
    *,
    clusters: str | None = None,
    kind: Kind = "CR2",
    weights: str | None = None,
) -> "LinearModel":
    """Fit a linear model by (weighted) least squares.

    Parameters
    ----------
    formula : str
        "post ~ treat + pre", in the language of `multilevel` without random terms.
    data : pandas.DataFrame
        A row per pupil. Rows with a missing value in a column of the model are left out, and counted.
    clusters : str, optional
        Column of the groups that pupils share, such as the school: cluster-robust standard errors. Without it rows
        are taken as independent.
    kind : {"CR0", "CR1", "CR1S", "CR2", "CR3"}
        CR2 is Bell and McCaffrey's; all are read with Satterthwaite degrees of freedom. Used only with `clusters`.
    weights : str, optional
        Column of weights: the variance of a row is sigma^2 / weight.

    Returns
    -------
    LinearModel

    Raises
    ------
    SpecError
        When the formula cannot be read or an option is unknown.
    FitError
        When the data do not fit the formula; the message names the column and says what to write instead.

    Notes
    -----
    `stats.linear` and `stats.robust`; formulas and limits are in docs/explanation/robust.md.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> school = np.repeat(np.arange(12), 20)
    >>> data = pd.DataFrame({"school": school, "treat": school % 2})
    >>> data["post"] = 2 * data.treat + rng.normal(0, 1, 12)[school] + rng.normal(0, 3, 240)
    >>> linear("post ~ treat", data, clusters="school").tidy()[["term", "df"]].round(1).values.tolist()
    [['Intercept', 5.0], ['treat', 10.0]]
    """
    if kind not in get_args(Kind):
        raise SpecError(f"kind={kind!r} is unknown. Use one of: {', '.join(get_args(Kind))}.")
    rows = draw_rows(formula, data, clusters=clusters, weights=weights)
    y = rows.sample.outcome
    if y.min() == y.max():
        raise FitError(f"The outcome {rows.sample.formula.outcome!r} is {y[0]:g} in every row: nothing to explain.")
    core = fit_linear(rows.design, y, names=rows.names, weights=rows.sample.weights)
    robust = None
    if rows.codes is not None:
        robust = cluster_robust(
            core.design, core.residuals, clusters=rows.codes, kind=kind, weights=rows.sample.weights
        )
    return LinearModel(core, rows, robust)


@dataclass(frozen=True, slots=True, repr=False)
class LinearModel:
    """A fitted linear model. Frozen: every method computes a new frame.

    Attributes
    ----------
    core : LinearFit
        Estimates as arrays; its standard errors take rows as independent.
    rows : Rows
        The rows and columns used.
    robust : RobustCovariance or None
        None without clusters.
    """

    core: LinearFit
    rows: "Rows"
    robust: RobustCovariance | None

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients: "Intercept", "arm[T.b]", "treat:pre"."""
        return self.core.names

    @property
    def dropped(self) -> tuple[str, ...]:
        """Columns left out, because the others determine them."""
        return (*self.rows.dropped, *self.core.dropped)

    @property
    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`, a row each; none when there is nothing."""
        found = row_caveats(self.rows, self.dropped, few=FEW_CLUSTERS)
        if self.robust is None:
            message = "Rows are taken as independent. If pupils share schools, name them: clusters='school'."
            found.append(("independent_rows", "note", message))
        elif self.robust.kind == "CR2":
            share = coefficient_tests(self.core.coefficients, self.robust).visible_share
            alone = [name for name, own in zip(self.terms, share, strict=True) if own < 1.0 - UNSEEN]
            if alone:
                message = (
                    f"One cluster alone decides part of {', '.join(alone)}: the standard error misses that part, so it "
                    "and p are too small. Do not report them; ask multilevel()."
                )
                found.append(("one_cluster_decides", "warning", message))
        if self.core.sigma < PERFECT * float(np.std(self.rows.sample.outcome)):
            message = "The columns foretell the outcome without error, so standard errors and tests are only rounding."
            found.append(("perfect_fit", "warning", message))
        return caveat_frame(found)

    def tidy(self, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Coefficients: `term estimate std_error df statistic p_value conf_low conf_high`."""
        level = check_level(conf_level)
        core = self.core
        if self.robust is None:
            limits = core.intervals(level)
            df = float(core.df_residual)
            return coefficient_frame(
                core.names, core.coefficients, core.std_errors, df, core.t_values, core.p_values, limits
            )
        t = coefficient_tests(core.coefficients, self.robust, level=level)
        limits = np.column_stack([t.conf_low, t.conf_high])
        return coefficient_frame(core.names, t.estimates, t.std_errors, t.df, t.t_values, t.p_values, limits)

    def glance(self) -> pd.DataFrame:
        """One row: `n_obs n_missing n_clusters kind sigma r_squared adjusted_r_squared df_residual loglik dropped`."""
        core = self.core
        return pd.DataFrame(
            {
                "n_obs": [len(core.fitted)],
                "n_missing": [self.rows.n_missing],
                "n_clusters": [np.nan if self.rows.codes is None else self.rows.n_clusters],
                "kind": ["classical" if self.robust is None else self.robust.kind],
                "sigma": [core.sigma],
                "r_squared": [core.r_squared],
                "adjusted_r_squared": [core.adjusted_r_squared],
                "df_residual": [core.df_residual],
                "loglik": [core.log_likelihood],
                "dropped": ["; ".join(self.dropped)],
            }
        )

    def test(self, terms: str | Sequence[str]) -> pd.DataFrame:
        """Joint test that several coefficients are 0: HTZ with clusters, the classical F without.

        Parameters
        ----------
        terms : str or sequence of str
            Coefficients ("arm[T.b]") or whole terms of the formula ("arm").

        Returns
        -------
        DataFrame
            One row: `terms statistic num_df den_df p_value method`.

        Raises
        ------
        FitError
            When a name is unknown, or too few clusters bear on the terms.
        """
        names = [terms] if isinstance(terms, str) else list(terms)
        contrasts = np.eye(len(self.terms))[places_of(self.rows, self.terms, names)]
        b, q = self.core.coefficients, len(contrasts)
        try:
            if self.robust is not None:
                found = joint_test(b, self.robust, contrasts=contrasts)
                values = (found.f_value, found.df_numerator, found.df_denominator, found.p_value, "HTZ")
            else:
                middle = contrasts @ self.core.covariance @ contrasts.T
                f = float(contrasts @ b @ np.linalg.solve(middle, contrasts @ b)) / q
                df = float(self.core.df_residual)
                values = (f, float(q), df, float(fdtrc(q, df, f)) if df else np.nan, "F")
        except np.linalg.LinAlgError:
            raise FitError(
                "These terms have no variance to test against. Test fewer terms, or use more rows."
            ) from None
        keys = ("statistic", "num_df", "den_df", "p_value", "method")
        return pd.DataFrame({"terms": [" + ".join(names)], **{k: [v] for k, v in zip(keys, values, strict=True)}})

    def covariance(self) -> pd.DataFrame:
        """Covariance of the coefficients, cluster-robust where clusters were named."""
        matrix = self.core.covariance if self.robust is None else self.robust.matrix
        return pd.DataFrame(matrix, index=list(self.terms), columns=list(self.terms))

    def fitted(self) -> pd.Series:
        """Fitted values on the rows used."""
        return pd.Series(self.core.fitted, index=self.rows.sample.index, name="fitted")

    def residuals(self) -> pd.Series:
        """Outcome minus fitted value, on the rows used."""
        return pd.Series(self.core.residuals, index=self.rows.sample.index, name="residual")

    def __repr__(self) -> str:
        return f"<LinearModel {self.rows.sample.formula.text!r}, {len(self.core.fitted)} rows>"
