"""Fitted values, predictions for new rows and simulated outcomes of a multilevel fit."""

import numpy as np
import pandas as pd

from evalkit.analysis.design import FloatArray, need_columns, read_column
from evalkit.analysis.random_terms import GroupedTerm, label_of
from evalkit.analysis.sample import Sample, encode
from evalkit.errors import FitError
from evalkit.records.frames import need_frame
from evalkit.stats.mixed.effects import random_effects
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.outer import root_of


def _fixed(core: MixedFit, columns: FloatArray) -> FloatArray:
    return core.beta @ columns[list(core.coordinates.kept)]


def fitted(core: MixedFit, sample: Sample) -> pd.Series:
    """X beta + Z b on the rows used."""
    values = _fixed(core, sample.columns)
    for term, effect in zip(sample.terms, random_effects(core), strict=True):
        values = values + np.einsum("qn,nq->n", term.rows(), effect.mode[term.codes])
    return pd.Series(values, index=sample.index, name="fitted")


def residuals(core: MixedFit, sample: Sample) -> pd.Series:
    """Outcome minus fitted value on the rows used."""
    values = sample.outcome - fitted(core, sample).to_numpy()
    return pd.Series(values, index=sample.index, name="residual")


def predict(core: MixedFit, sample: Sample, new: pd.DataFrame | None, *, random: bool, new_levels: bool) -> pd.Series:
    """Predictions for new rows, or for the rows used."""
    if new is None:
        values = fitted(core, sample) if random else pd.Series(_fixed(core, sample.columns), index=sample.index)
        return values.rename("prediction")
    new = need_frame(new, error=FitError, called="The new data")
    values = _fixed(core, encode(sample, sample.coding, new))
    if random:
        for grouped, effect in zip(sample.grouped, random_effects(core), strict=True):
            values = values + _random_part(sample, grouped, effect.mode, new, new_levels=new_levels)
    return pd.Series(values, index=new.index, name="prediction")


def _random_part(
    sample: Sample, grouped: GroupedTerm, mode: FloatArray, new: pd.DataFrame, *, new_levels: bool
) -> FloatArray:
    need_columns(new, grouped.part.group, formula=sample.formula.text)
    place = {level: at for at, level in enumerate(grouped.levels)}
    columns = [read_column(new, name, categorical=True) for name in grouped.part.group]
    labels = [[c.levels[code] if code >= 0 else None for code in np.asarray(c.codes)] for c in columns]
    joined = labels[0] if len(labels) == 1 else [_join(row) for row in zip(*labels, strict=True)]
    codes = np.array([-1 if label is None else place.get(label, -1) for label in joined], dtype=np.intp)
    strange = [label for label, code in zip(joined, codes, strict=True) if code < 0]
    if strange and not new_levels:
        raise FitError(
            f"{grouped.part.label!r} holds {strange[0]!r}, a group the model has not seen. Use new_levels=True to "
            "predict for an average group there, or random=False to leave all random effects out."
        )
    padded = np.vstack([mode, np.zeros((1, mode.shape[1]))])
    if grouped.coding is None:
        return padded[codes, 0]
    rows = encode(sample, grouped.coding, new)[list(grouped.chosen)]
    return np.einsum("qn,nq->n", rows, padded[codes])


def _join(labels: tuple[object, ...]) -> str | None:
    return None if any(label is None for label in labels) else ":".join(label_of(label) for label in labels)


def simulate(core: MixedFit, sample: Sample, *, seed: int, draws: int) -> pd.DataFrame:
    """New outcomes with new random effects and residuals: a column per draw, each from its own stream of the seed."""
    if draws < 1:
        raise FitError(f"draws={draws}: ask for at least one draw.")
    mean = _fixed(core, sample.columns)
    spread = np.sqrt(core.sigma2) / (1.0 if sample.weights is None else np.sqrt(sample.weights))
    roots = [root_of(component.covariance) for component in core.components]
    found: dict[str, FloatArray] = {}
    for draw, stream in enumerate(np.random.SeedSequence(seed).spawn(draws)):
        rng = np.random.default_rng(stream)
        values = mean + spread * rng.standard_normal(mean.size)
        for term, root in zip(sample.terms, roots, strict=True):
            effects = rng.standard_normal((term.levels, term.width)) @ root.T
            values = values + np.einsum("qn,nq->n", term.rows(), effects[term.codes])
        found[f"draw_{draw + 1}"] = values
    return pd.DataFrame(found, index=sample.index)
