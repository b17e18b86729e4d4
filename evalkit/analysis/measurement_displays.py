"""Tables about what the scales measured: factors, loadings, invariance, and items that groups answer differently."""

from collections.abc import Mapping, Sequence

import pandas as pd

from evalkit.analysis.estimate import too_few_reason
from evalkit.records.evaluation import Study
from evalkit.records.outcome import Outcome
from evalkit.records.scores import DIF_COLUMNS, FACTOR_COLUMNS, INVARIANCE_COLUMNS, LOADING_COLUMNS, Scores

SHOWN_COLUMNS = {
    "factors": (*FACTOR_COLUMNS, "label"),
    "loadings": LOADING_COLUMNS,
    "invariance": (*INVARIANCE_COLUMNS, "label"),
    "dif": DIF_COLUMNS,
}
STEPS = ("", "configural", "thresholds", "metric", "scalar", "strict")


def measurement_tables(
    scores: Scores, outcomes: Sequence[Outcome], study: Study, *, threshold: int
) -> dict[str, pd.DataFrame]:
    """The displays `factors`, `loadings`, `invariance` and `dif` of the plan's scales, small groups hidden.

    Scoring fits nothing to fewer pupils than standards.yaml asks for, so what is left to hide is how few there were.
    """
    quality = scores.quality
    labels = {one.scale: one.label for one in outcomes}
    order = _order(study, labels)
    factors, invariance = (_sorted(frame, order) for frame in (quality.factors, quality.invariance))
    return {
        "factors": _hidden(factors.assign(label=factors["scale"].map(labels)), threshold),
        "loadings": _sorted(quality.loadings, order),
        "invariance": _hidden(invariance.assign(label=invariance["scale"].map(labels)), threshold),
        "dif": _sorted(quality.dif, order),
    }


def _order(study: Study, labels: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """The place of every value in each column that rows are sorted by: as in the plan and in the questionnaires."""
    items = [item.id for one in study.instruments for item in one.items]
    factors = [score.id for one in study.instruments for score in one.scores]
    known = {
        "scale": list(labels),
        "between": ["waves", "arms"],
        "step": list(STEPS),
        "wave": [wave.id for wave in study.plan.waves],
        "subgroup": [one.id for one in study.plan.subgroups],
        "factor": list(dict.fromkeys(factors)),
        "item": ["", *dict.fromkeys(items)],
    }
    return {column: {value: place for place, value in enumerate(values)} for column, values in known.items()}


def _sorted(frame: pd.DataFrame, order: Mapping[str, Mapping[str, int]]) -> pd.DataFrame:
    """The rows of the plan's scales, in an order that does not depend on how they came."""
    kept = frame[frame["scale"].isin(list(order["scale"]))]
    by = [column for column in ("scale", "between", "step", "wave", "subgroup", "focal", "factor", "item")
          if column in kept.columns]  # fmt: skip
    ranked = kept.sort_values(
        by, key=lambda values: values.map(order[str(values.name)]) if values.name in order else values
    )
    return ranked.reset_index(drop=True)


def _hidden(frame: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """Few pupils as no number, and with a reason that does not tell how few."""
    few = frame["n"].between(1, threshold - 1)
    counts = frame["n"].astype("Int64").mask(few)
    return frame.assign(n=counts, reason=frame["reason"].where(~few, too_few_reason(threshold)))
