"""Multilevel models: lme4's formula language and a frame in, a `Fit` out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from evalkit.analysis import (
    multilevel_compare,
    multilevel_new_data,
    multilevel_robust,
    multilevel_tables,
    multilevel_text,
)
from evalkit.analysis.sample import Sample, draw_sample
from evalkit.errors import FitError, SpecError
from evalkit.stats.mixed.fit import MixedFit, fit_mixed
from evalkit.stats.mixed.inference import Inference, Method, infer
from evalkit.stats.robust import Kind

if TYPE_CHECKING:
    from evalkit.analysis.mechanism import Mechanism
    from evalkit.analysis.multilevel_permutation import ResamplingTest
    from evalkit.analysis.multilevel_resampling import Bootstrap

METHODS: tuple[Method, ...] = ("kenward-roger", "satterthwaite", "normal")


def multilevel(
    formula: str,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    df: Method = "kenward-roger",
    weights: str | None = None,
) -> "Fit":
    """Fit a linear multilevel (mixed) model.

    Parameters
    ----------
    formula : str
        In lme4's language: "post ~ treat + pre + (1 | school)". Random terms: `(1 | school)`, `(1 | school/class)`,
        `(1 + pre | school)`, `(1 + pre || school)` without the correlation, `(0 + treat | group)`, and several of them,
        nested or crossed (which of the two is read from the data). Texts and pandas categories are treatment-coded,
        the first level (of texts: in sorted order) being the reference.
    data : pandas.DataFrame
        A row per pupil (or measurement). Rows with a missing value in a column of the model are left out, and counted.
    reml : bool
        Restricted maximum likelihood, the default, or maximum likelihood.
    df : {"kenward-roger", "satterthwaite", "normal"}
        Degrees of freedom and standard errors for tests of fixed effects.
    weights : str, optional
        Column of precision weights: the residual variance of a row is sigma^2 / weight.

    Returns
    -------
    Fit

    Raises
    ------
    SpecError
        When the formula cannot be read or an option is unknown.
    FitError
        When the data do not fit the formula; the message names the column and says what to write instead.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> school = np.repeat(np.arange(12), 20)
    >>> data = pd.DataFrame({"school": school, "treat": school % 2})
    >>> data["post"] = 2 * data.treat + rng.normal(0, 1, 12)[school] + rng.normal(0, 3, 240)
    >>> fit = multilevel("post ~ treat + (1 | school)", data)
    >>> fit.tidy()[["term", "df"]].round(1).values.tolist()
    [['Intercept', 10.0], ['treat', 10.0]]
    """
    if df not in METHODS:
        raise SpecError(f"df={df!r} is unknown. Use one of: {', '.join(METHODS)}.")
    sample = draw_sample(formula, data, weights)
    core = fit_mixed(sample.outcome, sample.columns, sample.terms, weights=sample.weights, reml=reml)
    return Fit(core, sample, df)


@dataclass(frozen=True, slots=True, repr=False)
class Fit:
    """A fitted multilevel model. Frozen: every method computes a new frame.

    Attributes
    ----------
    core : MixedFit
        Estimates and sufficient statistics as arrays.
    sample : Sample
        The rows and columns used.
    df : str
        How degrees of freedom are found: "kenward-roger", "satterthwaite" or "normal".
    """

    core: MixedFit
    sample: Sample
    df: Method

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the fixed effects: formulaic's style, "Intercept", "arm[T.b]", "treat:pre"."""
        return tuple(self.sample.coding.names[i] for i in self.core.coordinates.kept)

    @property
    def caveats(self) -> pd.DataFrame:
        """What a reader must know: columns `kind level message`, a row each; none when there is nothing."""
        return multilevel_tables.caveats(self.core, self.sample, self.df)

    def inference(self) -> Inference:
        """The pieces behind all tests of the fixed effects."""
        return infer(self.core, method=self.df)

    def tidy(self, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Fixed effects: `term estimate std_error df statistic p_value conf_low conf_high`."""
        return multilevel_tables.tidy(self.inference(), self.terms, conf_level)

    def glance(self) -> pd.DataFrame:
        """One row on the whole model: sizes, likelihood, sigma, icc, whether it is singular and converged."""
        return multilevel_tables.glance(self.core, self.sample)

    def variances(self) -> pd.DataFrame:
        """Variances of the random effects and the residual: `group term variance sd correlation`.

        `correlation` is with the term's first effect; `covariances()` has every pair.
        """
        return multilevel_tables.variances(self.core)

    def covariances(self) -> pd.DataFrame:
        """Every pair of effects in a random term: `group term with_term covariance correlation`."""
        return multilevel_tables.covariances(self.core)

    def variance_intervals(
        self, *, conf_level: float = 0.95, likelihood: Literal["fitted", "reml", "ml"] = "fitted"
    ) -> pd.DataFrame:
        """Profile-likelihood intervals of standard deviations and correlations.

        Parameters
        ----------
        conf_level : float
        likelihood : {"fitted", "reml", "ml"}
            Which likelihood is profiled: the one that was maximised, or one of the two. lme4's `confint` always
            profiles the ML likelihood, also for REML fits.

        Returns
        -------
        DataFrame
            `group term parameter estimate conf_low conf_high`; parameter "sd" or "correlation".
        """
        return multilevel_tables.variance_intervals(self.core, self.sample, conf_level, likelihood)

    def icc(self, *, conf_level: float = 0.95) -> pd.DataFrame:
        """Share of the variance at each level, with interval and design effect.

        Returns
        -------
        DataFrame
            `group icc conf_low conf_high method mean_size design_effect`; a row per grouping factor.
        """
        return multilevel_tables.icc(self.core, self.sample, conf_level)

    def r_squared(self) -> pd.DataFrame:
        """Marginal (fixed effects) and conditional (with random effects) R2 of Nakagawa and Schielzeth: one row."""
        return multilevel_tables.r_squared(self.core, self.sample)

    def random_effects(self) -> pd.DataFrame:
        """Conditional modes of the random effects and their standard errors: `group level term estimate std_error`."""
        return multilevel_tables.random_effects(self.core, self.sample)

    def fitted(self) -> pd.Series:
        """Fitted values, random effects included, on the rows used."""
        return multilevel_new_data.fitted(self.core, self.sample)

    def residuals(self) -> pd.Series:
        """Outcome minus fitted value, on the rows used."""
        return multilevel_new_data.residuals(self.core, self.sample)

    def predict(self, new: pd.DataFrame | None = None, *, random: bool = True, new_levels: bool = False) -> pd.Series:
        """Predict the outcome.

        Parameters
        ----------
        new : pandas.DataFrame, optional
            Rows to predict; the rows used when left out.
        random : bool
            Add the random effects of known groups; False predicts for an average group.
        new_levels : bool
            Allow groups the model has not seen; their random effects count as 0.

        Raises
        ------
        FitError
            When a column is missing, or a category or group was not seen.
        """
        return multilevel_new_data.predict(self.core, self.sample, new, random=random, new_levels=new_levels)

    def simulate(self, *, seed: int, draws: int = 1) -> pd.DataFrame:
        """Draw new outcomes from the fitted model, with new random effects: a column per draw, on the rows used."""
        return multilevel_new_data.simulate(self.core, self.sample, seed=seed, draws=draws)

    def test(self, terms: str | Sequence[str]) -> pd.DataFrame:
        """Joint F test that several fixed effects are 0.

        Parameters
        ----------
        terms : str or sequence of str
            Coefficients ("arm[T.b]") or whole terms of the formula ("arm").

        Returns
        -------
        DataFrame
            One row: `terms statistic num_df den_df p_value scale method`.
        """
        names = [terms] if isinstance(terms, str) else list(terms)
        return multilevel_tables.joint(self.inference(), self.core, self.sample, names)

    def contrast(self, weights: Mapping[str, float]) -> pd.DataFrame:
        """Test one combination of fixed effects, such as {"arm[T.b]": 1, "arm[T.c]": -1}: a row like `tidy()`."""
        return multilevel_tables.contrast(self.inference(), self.terms, weights)

    def f_tests(self) -> pd.DataFrame:
        """F test of every term of the fixed part, each given all others (all its coefficients at once)."""
        return multilevel_tables.f_tests(self.inference(), self.core, self.sample)

    def anova(self, other: "Fit") -> pd.DataFrame:
        """Likelihood-ratio comparison with another fit of the same rows.

        Returns
        -------
        DataFrame
            The smaller model first: `formula n_parameters aic bic loglik deviance statistic df p_value reference`.
            Where they differ by one variance the reference is the half-half mixture of chi-squares.

        Raises
        ------
        FitError
            When the rows differ, or REML fits with different fixed parts are compared.
        """
        if not isinstance(other, Fit):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise FitError(f"anova() takes another fit of multilevel(), not a {type(other).__name__}.")
        return multilevel_compare.compare(self.core, self.sample, other.core, other.sample)

    def test_variances(self) -> pd.DataFrame:
        """Test every random term against the model without it: `group term statistic df p_value reference`."""
        return multilevel_compare.test_variances(self.core, self.sample)

    def covariance(self) -> pd.DataFrame:
        """Covariance of the fixed effects (adjusted under Kenward-Roger)."""
        return pd.DataFrame(self.inference().adjusted, index=list(self.terms), columns=list(self.terms))

    def robust(self, *, kind: Kind = "CR2", conf_level: float = 0.95) -> pd.DataFrame:
        """The same estimates with cluster-robust standard errors, clustered by the widest grouping.

        Parameters
        ----------
        kind : "CR0", "CR1", "CR1S", "CR2" (Bell-McCaffrey, with Satterthwaite df) or "CR3"

        Returns
        -------
        frame - as `tidy()`; `visible_share` below 1 says that one cluster alone decides part of a coefficient

        Raises
        ------
        FitError
            The groupings are crossed.
        """
        return multilevel_robust.robust(self.core, self.sample, self.terms, kind=kind, conf_level=conf_level)

    def treatment_effect(self, treatment: str, *, conf_level: float = 0.95) -> pd.DataFrame:
        """The effect of a treatment tested side by side: Kenward-Roger, Satterthwaite, CR2, and t between clusters.

        Columns `term method estimate std_error df statistic p_value conf_low conf_high`. With few schools look at
        Kenward-Roger (too careful at a tiny ICC) and CR2 together. `between_clusters` has J - (school-level columns,
        the intercept and the treatment among them) degrees of freedom. Where one school alone has the treatment
        (`robust()["visible_share"]` is below 1) CR2's error and p are far too small: leave that row out.
        """
        return multilevel_robust.treatment_effect(self.core, self.sample, self.terms, treatment, conf_level=conf_level)

    def effect_size(
        self,
        treatment: str,
        *,
        interaction: str | None = None,
        variants: Literal["all", "headline"] = "all",
        conf_level: float = 0.95,
    ) -> pd.DataFrame:
        """Hedges' g, total and within, with the named variants; a row each, the headline first.

        A 0/1 outcome gives the risk difference, Cox d and the odds ratios (docs/explanation/effect-sizes.md).
        """
        from evalkit.analysis import multilevel_effects

        return multilevel_effects.effect_size(
            self.core,
            self.sample,
            self.inference(),
            treatment,
            interaction=interaction,
            variants=variants,
            conf_level=conf_level,
        )

    def bootstrap(
        self,
        draws: int,
        *,
        seed: int,
        kind: Literal["parametric", "cluster", "residual"] = "parametric",
        treatment: str | None = None,
        workers: int = 1,
    ) -> "Bootstrap":
        """Draw new data from the fit (or whole clusters, with new ids) and fit again; same bytes for any `workers`."""
        from evalkit.analysis import multilevel_resampling

        return multilevel_resampling.bootstrap(
            self.core, self.sample, draws, seed=seed, kind=kind, treatment=treatment, workers=workers
        )

    def refit(self, responses: pd.DataFrame, *, workers: int = 1) -> pd.DataFrame:
        """Fit the same model to other outcomes of the same rows, a column of `responses` each."""
        from evalkit.analysis import multilevel_resampling

        return multilevel_resampling.refit(self.core, self.sample, responses, workers=workers)

    def permute(
        self,
        treatment: str,
        draws: int,
        *,
        seed: int,
        mechanism: "Mechanism | None" = None,
        statistic: Literal["t", "estimate"] = "t",
        exact: Literal["auto", "always", "never"] = "auto",
        workers: int = 1,
    ) -> "ResamplingTest":
        """Randomisation test: the treatment is drawn again as it was drawn (`mechanism`), the observed draw counted."""
        from evalkit.analysis import multilevel_permutation

        return multilevel_permutation.permute(
            self.core,
            self.sample,
            treatment,
            draws,
            seed=seed,
            mechanism=mechanism,
            statistic=statistic,
            exact=exact,
            workers=workers,
        )

    def wild_test(
        self,
        treatment: str,
        draws: int,
        *,
        seed: int,
        exact: Literal["auto", "always", "never"] = "auto",
        workers: int = 1,
    ) -> "ResamplingTest":
        """Wild cluster test: signs of whole schools' residuals are turned; every pattern when there are few schools."""
        from evalkit.analysis import multilevel_permutation

        return multilevel_permutation.wild_test(
            self.core, self.sample, treatment, draws, seed=seed, exact=exact, workers=workers
        )

    def summary(self) -> str:
        """The model as text, in lme4's order."""
        return multilevel_text.summary(self.core, self.sample, self.df, self.terms, self.inference())

    def __repr__(self) -> str:
        return f"<Fit {self.sample.formula.text!r}, {self.core.n_rows} rows>"

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return multilevel_text.html(self.core, self.sample, self.df, self.terms, self.inference())
