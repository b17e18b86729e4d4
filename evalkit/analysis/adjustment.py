"""Adjust p-values within the families of tests that the plan names."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from evalkit.analysis.estimate import Estimate
from evalkit.records.evaluation import Evaluation
from evalkit.stats.multiplicity import benjamini_hochberg, hochberg, holm


def adjusted(rows: Sequence[Estimate], plan: Evaluation) -> list[Estimate]:
    """The rows with `p_adjusted` in every main test, family by family.

    Main tests are the paired t of a change, and the effect of each arm of a trial.
    """
    result = list(rows)
    main = [
        place
        for place, row in enumerate(result)
        if row.estimator == "paired_t" or (row.inquiry == "effect" and row.family and row.status == "ok")
    ]
    for family in dict.fromkeys(result[place].family for place in main):
        places = [place for place in main if result[place].family == family]
        values = METHODS[plan.multiplicity.method]([result[place].p_value for place in places])
        for place, value in zip(places, values, strict=True):
            result[place] = replace(result[place], p_adjusted=float(value))
    return result


def _unadjusted(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(p, dtype=np.float64)


METHODS: dict[str, Callable[[npt.ArrayLike], npt.NDArray[np.float64]]] = {
    "holm": holm,
    "hochberg": hochberg,
    "benjamini_hochberg": benjamini_hochberg,
    "none": _unadjusted,
}
