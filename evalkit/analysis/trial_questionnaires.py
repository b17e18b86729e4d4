"""How well the questionnaires of a trial worked: reliability, factors, invariance. Numbers have none."""

import math
from collections.abc import Mapping

import pandas as pd

from evalkit.analysis.estimate import too_few_reason
from evalkit.analysis.measurement_displays import measurement_tables
from evalkit.records.evaluation import Study
from evalkit.records.scores import QUALITY_COLUMNS, Scores
from evalkit.stats.disclosure import mean_is_safe

SHOWN = ("scale", "wave", "n", "k", "alpha", "alpha_low", "alpha_high", "omega", "omega_low", "omega_high", "reason")
RELIABILITIES = ("alpha", "alpha_low", "alpha_high", "omega", "omega_low", "omega_high")


def questionnaire_displays(scores: Scores, study: Study) -> Mapping[str, pd.DataFrame]:
    """The displays `quality`, `factors`, `loadings`, `invariance` and `dif`; nothing without a questionnaire.

    `quality` has every column of QUALITY_COLUMNS and the outcome's `label`. What is about scores (mean, SD, shares at
    the ends) is empty: by arm, it stands in the trial's own displays.
    """
    numbers = {one.id for one in study.plan.measures}
    outcomes = {one.scale: one for one in study.plan.outcomes if one.instrument not in numbers}
    if not outcomes:
        return {}
    threshold = study.plan.suppression_threshold
    rows = scores.quality.scales
    rows = rows[rows["scale"].isin(list(outcomes))]
    quality = rows.reindex(columns=[*QUALITY_COLUMNS]).copy()
    quality[[name for name in QUALITY_COLUMNS if name not in SHOWN]] = math.nan
    few = pd.Series(
        [not mean_is_safe(int(n), threshold) for n in quality["n"].tolist()], index=quality.index, dtype=bool
    )
    quality.loc[few, list(RELIABILITIES)] = math.nan
    quality["n"] = quality["n"].astype("Float64").mask(few).astype("float64")
    quality["reason"] = quality["reason"].where(~few, too_few_reason(threshold))
    quality["label"] = quality["scale"].map({scale: one.label for scale, one in outcomes.items()})
    waves = {wave.id: place for place, wave in enumerate(study.plan.waves)}
    order = {scale: place for place, scale in enumerate(outcomes)}
    keys = quality["scale"].map(order) * len(waves) + quality["wave"].map(waves)
    quality = quality.iloc[keys.argsort(kind="stable")].reset_index(drop=True)
    return {"quality": quality, **measurement_tables(scores, list(outcomes.values()), study, threshold=threshold)}
