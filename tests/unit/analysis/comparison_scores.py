"""Invented comparisons for tests: pupils of a table put into scores, with a plan for them. No real child is in here."""

from typing import Any

import pandas as pd

from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.scores import ANSWER_COLUMNS, ITEM_COLUMNS, QUALITY_COLUMNS, SCORE_COLUMNS, Quality, Scores
from tests.unit.analysis.trial_scores import ESTIMAND, make_trial_study

TEST = {
    "id": "test",
    "label": "Reading test",
    "low": 0,
    "high": 120,
    "waves": {"before": ["Before"], "after": ["After"], "later": ["Later"]},
    "source": "ours",
    "error": {"value": 4, "source": "the manual"},
}


def comparison_plan(**changes: Any) -> Evaluation:
    """A plan of two groups before and after; `changes` replace keys, and within `comparison` the keys given."""
    comparison = {"assigned": "pupil", "permutations": 200} | changes.pop("comparison", {})
    plan: dict[str, Any] = {
        "schema": "evalkit-evaluation/1",
        "id": "made-comparison",
        "title": "A made-up comparison (synthetic data)",
        "programme": {"name": "A programme", "description": "Twelve sessions."},
        "design": "comparison_prepost",
        "arms": [
            {"id": "programme", "label": "Programme"},
            {"id": "comparison", "label": "Comparison group", "control": True},
        ],
        "waves": [{"id": one, "label": one.capitalize()} for one in ("before", "after")],
        "measures": [{**TEST, "waves": {one: TEST["waves"][one] for one in ("before", "after")}}],
        "outcomes": [
            {"id": "reading", "label": "Reading", "instrument": "test", "score": "value", "role": "primary",
             "estimand": ESTIMAND}
        ],
        "data": {"synthetic": "Invented pupils, for tests."},
        "seed": 20261129,
    }  # fmt: skip
    return Evaluation.model_validate(plan | changes | {"comparison": comparison})


def hub_plan(**changes: Any) -> Evaluation:
    """A plan of one group in schools and hubs, before and after, with target pupils."""
    waves = ("pre", "post")
    plan = comparison_plan().model_dump(mode="json", by_alias=True, exclude_none=True)
    plan |= {
        "design": "single_group_prepost",
        "arms": [{"id": "programme", "label": "Programme"}],
        "waves": [{"id": one, "label": one.capitalize()} for one in waves],
        "measures": [{**TEST, "waves": {one: [one] for one in waves}}],
        "subgroups": [{"id": "target", "label": "Target pupil", "values": {"yes": "yes", "no": "no"}}],
        "clusters": {"hub": {"headers": ["Hub"]}, "target": {"subgroup": "target", "values": ["yes"]}},
    }
    plan.pop("comparison")
    return Evaluation.model_validate(plan | changes)


def comparison_scores(pupils: pd.DataFrame, plan: Evaluation) -> tuple[Study, Scores]:
    """Scores from a table with a row per pupil: `arm` (1 the programme), a column per wave, and further facts."""
    codes = [f"P{place:04d}" for place in range(len(pupils))]
    waves = [wave.id for wave in plan.waves]
    parts = [
        pd.DataFrame(
            {"pupil": codes, "wave": wave, "scale": "test.value", "scale_version": "test@as-supplied",
             "value": pupils[wave].to_numpy(dtype="float64"), "n_answered": 1, "n_items": 1, "reason": ""}
        ).dropna(subset=["value"])
        for wave in waves
    ]  # fmt: skip
    roster = pd.DataFrame({"pupil": codes, "arm": ["programme" if one else "comparison" for one in pupils["arm"]]})
    for name in pupils.columns:
        if name not in (*waves, "arm", "pupil", "change"):
            roster[name] = pupils[name].astype("str").to_numpy()
    quality = Quality(
        scales=pd.DataFrame(
            [{"scale": "test.value", "wave": wave, "n": len(pupils), "k": 1, "reason": "A number."} for wave in waves],
            columns=list(QUALITY_COLUMNS),
        ),
        items=pd.DataFrame(columns=list(ITEM_COLUMNS)),
        answers=pd.DataFrame(columns=list(ANSWER_COLUMNS)),
    )
    scores = Scores(
        frame=pd.concat(parts, ignore_index=True)[list(SCORE_COLUMNS)],
        quality=quality,
        roster=roster,
        release_sha256="2" * 64,
        sources=(),
    )
    return make_trial_study(plan), scores
