"""`ek.parallel_analysis`: how many factors stand behind a set of items?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.errors import SpecError
from evalkit.progress import tick
from evalkit.records.frames import need_names
from evalkit.records.instrument import Instrument
from evalkit.scoring.item_table import read_items
from evalkit.stats.parallel_analysis import Correlation, ParallelAnalysis, Reference
from evalkit.stats.parallel_analysis import parallel_analysis as analyse_eigenvalues

EIGENVALUE_COLUMNS = (
    "place", "component", "component_mean", "component_reference", "axis", "axis_mean", "axis_reference",
)  # fmt: skip


def parallel_analysis(
    items: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    instrument: Instrument | str | None = None,
    scores: Sequence[str] | None = None,
    correlation: Correlation = "pearson",
    reference: Reference = "normal",
    draws: int = 100,
    quantile: float = 0.95,
    seed: int,
) -> "Eigenvalues":
    """Horn's parallel analysis, and the eigenvalues for a scree plot.

    Parameters
    ----------
    items : pandas.DataFrame
        A row per pupil; correlations are taken pair by pair where answers are missing.
    columns : sequence of str, optional
        The items; all columns without it and without an instrument.
    instrument, scores : optional
        As in `factor_model`: the items of these scores together.
    correlation : {"pearson", "polychoric"}
        Polychoric takes reference="resampled".
    reference : {"normal", "resampled"}
        What the eigenvalues are held against: unrelated normal answers, or every item's own answers drawn again, item
        by item.
    draws : int
        How often; psych's default of 20 is few for a quantile of 0.95.
    quantile : float
    seed : int

    Returns
    -------
    Eigenvalues

    Raises
    ------
    SpecError
        Columns that are not there.
    FitError
        Too few items or pupils, an item without spread, or options that do not go together.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> level = rng.normal(size=(200, 1))
    >>> table = pd.DataFrame(level + rng.normal(size=(200, 5)), columns=list("abcde"))
    >>> parallel_analysis(table, draws=20, seed=1).glance()[["n_components", "n_factors"]].values.tolist()
    [[1, 1]]
    """
    factors = None if columns is None else {"items": need_names(columns, called="columns", error=SpecError)}
    table = read_items(items, factors, instrument=instrument, scores=scores, beside=[])
    rows = table.matrix[~np.isnan(table.matrix).all(axis=1)]
    found = analyse_eigenvalues(
        rows,
        correlation=correlation,
        reference=reference,
        draws=draws,
        quantile=quantile,
        seed=seed,
        tick=lambda done, total: tick("parallel analysis", done, total),
    )
    return Eigenvalues(found, correlation, reference)


@dataclass(frozen=True, slots=True, eq=False)
class Eigenvalues:
    """Eigenvalues beside those of unrelated answers.

    Attributes
    ----------
    found : ParallelAnalysis
    correlation, reference : str
        As asked for.
    """

    found: ParallelAnalysis
    correlation: Correlation
    reference: Reference

    def __repr__(self) -> str:
        one = self.found
        return f"<Eigenvalues of {one.components.size} items: components {one.n_components}, factors {one.n_factors}>"

    def tidy(self) -> pd.DataFrame:
        """A row per eigenvalue, columns EIGENVALUE_COLUMNS: of principal components, and of principal axes."""
        one = self.found
        columns = (
            np.arange(1, one.components.size + 1), one.components, one.component_mean, one.component_reference,
            one.factors, one.factor_mean, one.factor_reference,
        )  # fmt: skip
        return pd.DataFrame(dict(zip(EIGENVALUE_COLUMNS, columns, strict=True)))

    def glance(self) -> pd.DataFrame:
        """One row: `n_components n_factors n draws quantile correlation reference`."""
        one = self.found
        row = {
            "n_components": one.n_components,
            "n_factors": one.n_factors,
            "n": one.n,
            "draws": one.draws,
            "quantile": one.quantile,
            "correlation": self.correlation,
            "reference": self.reference,
        }
        return pd.DataFrame([row])
