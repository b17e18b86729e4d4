"""Linear models with cluster-robust errors: a formula and a frame in, a `LinearModel` out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import fdtrc

from evalkit.analysis.design import Column, FloatArray, IntArray, code_formulaic, need_columns, variables_of
from evalkit.analysis.design import formulaic_variables as variables_in
from evalkit.analysis.formula import AS_FACTOR, NAME, ModelFormula, column_of
from evalkit.analysis.random_terms import code_expression, refuse_constants
from evalkit.analysis.sample import Reader, Sample
from evalkit.errors import FitError, SpecError
from evalkit.stats.linear import LinearFit, fit_linear, independent_columns
from evalkit.stats.robust import Kind, RobustCovariance, cluster_robust
from evalkit.stats.robust_inference import coefficient_tests, joint_test

FEW_CLUSTERS = 10
UNSEEN = 1e-6  # a coefficient with this much of its variance out of sight deserves a warning
PERFECT = 1e-12  # residual over outcome spread below which nothing is left but rounding
EXAMPLE = "For example: post ~ treat + pre"
COLUMNS = ("term", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")


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
                message = f"One cluster alone decides part of {', '.join(alone)}: the standard error misses that part."
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


@dataclass(frozen=True, slots=True)
class Rows:
    """What a model without random terms is fitted to: complete rows, coded columns, clusters.

    Attributes
    ----------
    sample : Sample
        Without random terms.
    clusters : str or None
        Column of the clusters.
    codes : ndarray (n,) or None
        Cluster of every row, 0 to n_clusters - 1.
    n_clusters : int
        0 without clusters.
    kept : tuple of int
        Columns of the sample that earlier ones do not determine.
    """

    sample: Sample
    clusters: str | None
    codes: IntArray | None
    n_clusters: int
    kept: tuple[int, ...]

    @property
    def design(self) -> FloatArray:
        """Columns kept, shape (n, k)."""
        return self.sample.columns[list(self.kept)].T

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns kept."""
        return tuple(self.sample.coding.names[i] for i in self.kept)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of the columns that others determine."""
        return tuple(n for i, n in enumerate(self.sample.coding.names) if i not in self.kept and n != "Intercept")

    @property
    def n_missing(self) -> int:
        """Rows left out for missing values."""
        return self.sample.n_given - self.sample.outcome.size


def draw_rows(
    text: str, data: pd.DataFrame, *, clusters: str | None, weights: str | None = None, constant: bool = False
) -> Rows:
    """Read a formula without random terms, then the columns it needs, complete rows only.

    Parameters
    ----------
    text : str
    data : pandas.DataFrame
    clusters, weights : str or None
        Columns.
    constant : bool
        Leave out the intercept and what it determines: the model has one of its own, such as thresholds.

    Raises
    ------
    SpecError, FitError
        As `linear`.
    """
    if not isinstance(data, pd.DataFrame):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise FitError(f"The data are a {type(data).__name__}. Give a pandas DataFrame, a row per pupil.")
    for option, name in (("clusters", clusters), ("weights", weights)):
        if name is not None and not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise SpecError(
                f"{option} is a {type(name).__name__}. Give the name of a column, such as {option}='school'."
            )
    model = read_formula(text)
    fixed, fixed_names = variables_of(text, model.fixed)
    simple = re.fullmatch(NAME, model.outcome) is not None
    outcome_names = [model.outcome] if simple else variables_in(text, model.outcome)
    extra = [name for name in (clusters, weights) if name is not None]
    need_columns(data, [*outcome_names, *fixed_names, *extra], formula=text)
    reader = Reader(data)
    atoms = [] if fixed is None else list(dict.fromkeys(atom for term in fixed.terms for atom in term))
    predictors = {atom: reader.predictor(atom) for atom in atoms}
    known = {column_of(atom) for atom in atoms}
    used = {name: reader.any(name) for name in [*outcome_names, *fixed_names] if name not in known}
    used |= {column_of(atom): column for atom, column in predictors.items()}
    # A column may be read twice, as a category and as a number; what is missing is the same.
    groups = None if clusters is None else reader.group(clusters)
    weighting = None if weights is None else reader.any(weights)
    own = {name: column for name, column in ((clusters, groups), (weights, weighting)) if name and column}
    rows, missing = _complete({**own, **used}, len(data))
    frame = data.iloc[rows]
    predictors = {atom: column.at(rows) for atom, column in predictors.items()}
    outcome = _numbers(model.outcome, reader.any(model.outcome).at(rows)) if simple else _computed(model, frame)
    coding, columns = code_expression(text, model.fixed, fixed, predictors, frame)
    refuse_constants(coding, columns, model)
    values = None if weights is None or weighting is None else _weights(weights, weighting.at(rows))
    codes, count = (None, 0) if clusters is None or groups is None else _cluster_codes(clusters, groups.at(rows))
    sample = Sample(model, outcome, columns, coding, (), (), values, frame.index, missing, len(data))
    if constant:
        kept = tuple((independent_columns(np.vstack([np.ones(outcome.size), columns]).T)[1:] - 1).tolist())
    else:
        kept = tuple(independent_columns(columns.T).tolist())
    return Rows(sample, clusters, codes, count, kept)


def read_formula(text: str) -> ModelFormula:
    """Take a formula without random terms apart.

    Raises
    ------
    SpecError
        When it cannot be read, or holds a random term.
    """
    if text.count("~") != 1:
        raise SpecError(f"Formula {text!r}: a formula has one ~ between the outcome and the model. {EXAMPLE}")
    outcome, fixed = (side.strip() for side in AS_FACTOR.sub("C(", text.replace("^", "**")).split("~"))
    if not outcome or not fixed:
        raise SpecError(f"Formula {text!r}: the outcome goes left of the ~ and the model right of it. {EXAMPLE}")
    if "|" in fixed:
        raise SpecError(
            f"Formula {text!r} has a random term, which this model does not take. Leave it out and name the groups "
            "with clusters='school'; for random terms use multilevel(), or logit() for a yes/no outcome."
        )
    return ModelFormula(text, outcome, fixed, ())


def _complete(used: dict[str, Column], n: int) -> tuple[IntArray, dict[str, int]]:
    gaps = {name: gap for name, column in used.items() if (gap := column.missing()) is not None}
    if n == 0:
        raise FitError("The data have no rows.")
    if not gaps:
        return np.arange(n, dtype=np.intp), {}
    rows = np.flatnonzero(~np.logical_or.reduce(list(gaps.values())))
    missing = {name: int(gap.sum()) for name, gap in gaps.items()}
    if not rows.size:
        listed = ", ".join(f"{name} ({count})" for name, count in missing.items())
        raise FitError(f"No row has a value in every column of the model. Missing values by column: {listed}.")
    return rows, missing


def _numbers(name: str, column: Column) -> FloatArray:
    if column.values is None:
        raise FitError(
            f"The outcome {name!r} holds text, such as {column.levels[0]!r}. Use a column of numbers "
            "(pandas.to_numeric, missing cells left empty)."
        )
    return column.values


def _computed(model: ModelFormula, frame: pd.DataFrame) -> FloatArray:
    _, rows = code_formulaic(model.text, f"0 + {model.outcome}", frame)
    if len(rows) != 1:
        raise FitError(f"The outcome {model.outcome!r} makes {len(rows)} columns. Write one column of numbers.")
    return rows[0]


def _weights(name: str, column: Column) -> FloatArray:
    if column.values is None:
        raise FitError(f"The weights {name!r} hold text. Use numbers above 0.")
    bad = int((column.values <= 0.0).sum())
    if bad:
        raise FitError(f"The weights {name!r} are not above 0 in {bad} row(s). Leave out rows that should not count.")
    return column.values


def _cluster_codes(name: str, column: Column) -> tuple[IntArray, int]:
    assert column.codes is not None
    present, codes = np.unique(column.codes, return_inverse=True)
    if present.size < 2:
        raise FitError(
            f"The clusters {name!r} have only one level in the complete rows, so nothing shows how clusters differ. "
            "Choose a column with several groups."
        )
    return codes.astype(np.intp), int(present.size)


def places_of(rows: Rows, terms: Sequence[str], names: Sequence[str]) -> list[int]:
    """Places among the coefficients `terms` that names mean: a coefficient itself, or all of a term of the formula.

    Raises
    ------
    FitError
        When a name is neither.
    """
    coding = rows.sample.coding
    owner = dict(zip(coding.names, coding.terms, strict=True))
    places: list[int] = []
    for name in names:
        found = [at for at, own in enumerate(terms) if own == name]
        found = found or [at for at, own in enumerate(terms) if owner[own] == name]
        if not found:
            raise FitError(f"{name!r} is neither a coefficient nor a term of the model. Use: {', '.join(terms)}.")
        places += found
    if not places:
        raise FitError(f"No term was named. Use: {', '.join(terms)}.")
    return sorted(set(places))


def coefficient_frame(
    names: Sequence[str],
    estimates: FloatArray,
    std_errors: FloatArray,
    df: ArrayLike,
    statistics: FloatArray,
    p_values: FloatArray,
    limits: FloatArray,
) -> pd.DataFrame:
    """A row per coefficient: the columns of every `tidy()`."""
    spread = np.broadcast_to(np.asarray(df, dtype=float), estimates.shape)
    values: tuple[Any, ...] = (list(names), estimates, std_errors, spread, statistics, p_values, *limits.T)
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def check_level(conf_level: float) -> float:
    """The level of an interval, or an error when it is outside 0 to 1."""
    if not 0.0 < conf_level < 1.0:
        raise FitError(f"conf_level={conf_level} is outside 0 to 1. Use 0.95 for a 95% interval.")
    return conf_level


def row_caveats(rows: Rows, dropped: Sequence[str], *, few: int) -> list[tuple[str, str, str]]:
    """What the rows and columns alone give to say: `(kind, level, message)` each, worst first."""
    found: list[tuple[str, str, str]] = []
    if dropped:
        message = f"Left out, because the other columns already determine them: {', '.join(dropped)}."
        found.append(("dropped_columns", "warning", message))
    if rows.codes is not None and rows.n_clusters < few:
        message = f"{rows.clusters} has only {rows.n_clusters} levels: how much they differ by chance is hardly known."
        found.append(("few_clusters", "warning", message))
    return [*found, *sample_notes(rows.sample)]


def sample_notes(sample: Sample) -> list[tuple[str, str, str]]:
    """Rows left out and weights: `(kind, level, message)` each."""
    found: list[tuple[str, str, str]] = []
    if sample.missing:
        listed = ", ".join(f"{name} ({count})" for name, count in sample.missing.items())
        lost = sample.n_given - sample.outcome.size
        message = f"{lost} of {sample.n_given} rows were left out for missing values: {listed}."
        found.append(("complete_cases", "note", message))
    if sample.weights is not None:
        found.append(("weighted", "note", "Rows are weighted; sigma belongs to weight 1."))
    return found


def caveat_frame(found: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Caveats as the frame of `kind level message`."""
    return pd.DataFrame(list(found), columns=["kind", "level", "message"])
