"""Put rows in an order that their values decide, so that draws do not depend on how the file was sorted."""

from dataclasses import replace

import numpy as np

from evalkit.analysis.design import IntArray
from evalkit.analysis.sample import Sample


def canonical_order(sample: Sample) -> IntArray:
    """Rows by groups, outcome and columns; rows that tie are alike in everything the model knows."""
    weights = [] if sample.weights is None else [sample.weights]
    return np.lexsort((*weights, *sample.columns, sample.outcome, *(t.codes for t in sample.terms))).astype(np.intp)


def in_canonical_order(sample: Sample) -> Sample:
    """The same sample, rows reordered."""
    order = canonical_order(sample)
    terms = tuple(
        replace(t, codes=t.codes[order], columns=None if t.columns is None else t.columns[:, order])
        for t in sample.terms
    )
    return replace(
        sample,
        outcome=sample.outcome[order],
        columns=np.ascontiguousarray(sample.columns[:, order]),
        terms=terms,
        weights=None if sample.weights is None else sample.weights[order],
        index=sample.index[order],
    )
