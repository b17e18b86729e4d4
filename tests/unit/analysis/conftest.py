"""Synthetic scores for the analysis tests: 56 invented pupils, three scales, seeded. No real child is in here."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.instrument import Instrument, load_instrument
from evalkit.records.results import Results
from evalkit.records.scores import (
    ANSWER_COLUMNS,
    FACTOR_COLUMNS,
    INVARIANCE_COLUMNS,
    ITEM_COLUMNS,
    LOADING_COLUMNS,
    QUALITY_COLUMNS,
    SCORE_COLUMNS,
    Quality,
    Scores,
)

ESTIMAND = {
    "population": "pupils who took part",
    "contrast": "after minus before",
    "measure": "mean change",
    "non_compliance": "all pupils who took part, however often they came",
    "drop_out": "pupils with both scores",
}
OUTCOMES: tuple[dict[str, Any], ...] = (
    {
        "id": "self_efficacy",
        "label": "Self-efficacy",
        "instrument": "gse10",
        "score": "total",
        "role": "primary",
        "smallest_worthwhile": {"value": 1.0, "unit": "points", "source": "agreed with the school"},
    },
    {"id": "grit", "label": "Grit", "instrument": "grit_s8", "score": "total", "role": "secondary"},
    {
        "id": "motivation",
        "label": "Motivation to learn",
        "instrument": "mslq44",
        "score": "intrinsic_value",
        "role": "primary",
    },
)
Pairs = Mapping[str, tuple[float | None, float | None]]


def make_plan(**changes: Any) -> Evaluation:
    plan: dict[str, Any] = {
        "schema": "evalkit-evaluation/1",
        "id": "synthetic-resilience",
        "title": "A resilience programme (synthetic data)",
        "programme": {
            "name": "A resilience programme",
            "description": "Weekly small-group sessions over two terms.",
            "setting": "a city special school",
        },
        "design": "single_group_prepost",
        "arms": [{"id": "programme", "label": "Pupils who took part"}],
        "waves": [
            {"id": "pre", "label": "Before", "date": "2025-09"},
            {"id": "post", "label": "After", "date": "2026-03"},
        ],
        "outcomes": [{**outcome, "estimand": ESTIMAND} for outcome in OUTCOMES],
        "delivery": {
            "planned": "24 sessions",
            "delivered": "20 sessions",
            "share_delivered": 0.83,
            "source": "the school's session log",
        },
        "data": {"synthetic": "56 invented pupils, for tests."},
        "seed": 20260301,
    }
    return Evaluation.model_validate(plan | changes)


def make_study(plan: Evaluation, folder: Path, *, instruments: Sequence[Instrument] = ()) -> Study:
    own = {one.id: one for one in instruments}
    names = dict.fromkeys(outcome.instrument for outcome in plan.outcomes)
    return Study(plan, folder, tuple(own.get(name) or shipped_instrument(name) for name in names), {})


@cache
def shipped_instrument(name: str) -> Instrument:
    return load_instrument(name)


def make_scores(study: Study, *, n: int = 56, n_left: int = 10, n_joined: int = 4, seed: int = 3) -> Scores:
    """Answers drawn from one latent trait per pupil, scored here by hand; the first pupils left, the last joined."""
    random = np.random.default_rng(seed)
    trait = random.normal(size=n)
    later = 0.7 * trait + np.sqrt(1 - 0.7**2) * random.normal(size=n)
    frames: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    quality: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    for outcome, gain in zip(study.plan.outcomes, (0.30, 0.02, 0.22), strict=False):
        instrument = study.instrument(outcome.instrument)
        score = instrument.score(outcome.score)
        for wave, level in (("pre", trait), ("post", later + gain)):
            inside = np.arange(n) < n - n_joined if wave == "pre" else np.arange(n) >= n_left
            linked = (np.arange(n) >= n_left) & (np.arange(n) < n - n_joined)
            keyed = _answers(random, instrument, score.keys, level)
            values = keyed.sum(axis=1) if score.method == "sum" else keyed.mean(axis=1)
            low, high = instrument.range_of(score.id)
            for pupil in np.flatnonzero(inside):
                frames.append(
                    _score_row(pupil, wave, outcome.scale, instrument.identity, values[pupil], len(score.keys))
                )
            quality.append(_quality_row(outcome.scale, wave, values[inside], keyed[inside], (low, high)))
            for place, key in enumerate(score.keys):
                item = instrument.item(key.removeprefix("-"))
                ends = instrument.response_of(item.id).min, instrument.response_of(item.id).max
                items.append(_item_row(outcome.scale, wave, item, keyed[inside], place, ends))
                answers += _answer_rows(outcome.scale, wave, item, keyed[linked, place], ends, key.startswith("-"))
    return Scores(
        frame=pd.DataFrame(frames, columns=list(SCORE_COLUMNS)),
        quality=Quality(
            scales=pd.DataFrame(quality, columns=list(QUALITY_COLUMNS)),
            items=pd.DataFrame(items, columns=list(ITEM_COLUMNS)),
            answers=pd.DataFrame(answers, columns=list(ANSWER_COLUMNS)),
            **measured([outcome.scale for outcome in study.plan.outcomes]),
        ),
        roster=pd.DataFrame({"pupil": [_code(pupil) for pupil in range(n)]}),
        release_sha256="0" * 64,
        sources=(("pre.xlsx", "1" * 64), ("post.csv", "2" * 64)),
        notes=("Two rows of post.csv had the same pupil code; the complete one was kept.",),
    )


def paired_scores(study: Study, pairs: Mapping[str, Pairs], *, omega: float = 0.8) -> Scores:
    """Scores given outright: outcome -> pupil -> (before, after), None where there is no score."""
    rows: list[dict[str, Any]] = []
    quality: list[dict[str, Any]] = []
    for outcome_id, pupils in pairs.items():
        outcome = study.plan.outcome(outcome_id)
        identity = study.instrument(outcome.instrument).identity
        for place, wave in enumerate(("pre", "post")):
            values = {pupil: pair[place] for pupil, pair in pupils.items() if pair[place] is not None}
            rows += [
                dict(zip(SCORE_COLUMNS, (pupil, wave, outcome.scale, identity, value, 8, 8, ""), strict=True))
                for pupil, value in values.items()
            ]
            known = dict.fromkeys(QUALITY_COLUMNS, np.nan) | {
                "scale": outcome.scale,
                "wave": wave,
                "n": len(values),
                "k": 8,
                "omega": omega,
                "reason": "",
            }
            quality.append(known)
    return Scores(
        frame=pd.DataFrame(rows, columns=list(SCORE_COLUMNS)).astype({"value": "float64"}),
        quality=Quality(
            scales=pd.DataFrame(quality, columns=list(QUALITY_COLUMNS)),
            items=pd.DataFrame(columns=list(ITEM_COLUMNS)),
            answers=pd.DataFrame(columns=list(ANSWER_COLUMNS)),
        ),
        roster=pd.DataFrame({"pupil": sorted({pupil for pupils in pairs.values() for pupil in pupils})}),
        release_sha256="0" * 64,
        sources=(),
    )


def measured(scales: Sequence[str]) -> dict[str, pd.DataFrame]:
    """What scales measured, made up: the first the same throughout, the second not, of the others nothing is known."""
    factors: list[dict[str, Any]] = []
    loadings: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    for place, scale in enumerate(scales):
        known = place < 2
        for wave in ("pre", "post"):
            row = dict.fromkeys(FACTOR_COLUMNS, np.nan) | {"scale": scale, "wave": wave, "n": 46, "k": 8, "factors": 1}
            fit = {"chi_square": 31.5, "df": 20, "p_value": 0.049, "cfi": 0.96, "tli": 0.94, "rmsea": 0.05}
            fit |= {"rmsea_low": 0.01, "rmsea_high": 0.08, "srmr": 0.04, "estimator": "MLR", "reason": ""}
            factors.append(row | (fit if known else {"estimator": "", "reason": "46 pupils answered; too few."}))
            loadings += [
                dict(zip(LOADING_COLUMNS, (scale, wave, "total", f"q{item}", f"item {item}", 0.6), strict=True))
                for item in (1, 2)
                if known
            ]
        for number, step in enumerate(("configural", "metric", "scalar", "strict") if known else ("",)):
            row = dict.fromkeys(INVARIANCE_COLUMNS, np.nan) | {
                "scale": scale,
                "between": "waves",
                "step": step,
                "n": 42,
            }
            row |= {"holds": "", "estimator": "", "reason": "42 pupils answered both times; too few."}
            if known:
                row |= {
                    "cfi": 0.96 - 0.02 * place * number,
                    "rmsea": 0.05,
                    "chi_square": 90.0 + number,
                    "df": 90 + number,
                }
                row |= {"holds": "no" if place and number > 1 else "yes", "estimator": "MLR", "reason": ""}
            steps.append(row)
    return {
        "factors": pd.DataFrame(factors, columns=list(FACTOR_COLUMNS)),
        "loadings": pd.DataFrame(loadings, columns=list(LOADING_COLUMNS)),
        "invariance": pd.DataFrame(steps, columns=list(INVARIANCE_COLUMNS)),
    }


def _code(pupil: int) -> str:
    return f"P{pupil:03d}"


def _answers(random: np.random.Generator, instrument: Instrument, keys: Sequence[str], level: np.ndarray) -> np.ndarray:
    scale = instrument.response_of(keys[0].removeprefix("-"))
    width = scale.max - scale.min
    raw = scale.min + width * (0.6 + 0.17 * level[:, None] + 0.16 * random.normal(size=(level.size, len(keys))))
    return np.clip(np.round(raw), scale.min, scale.max)


def _answer_rows(
    scale: str, wave: str, item: Any, keyed: np.ndarray, ends: tuple[int, int], is_reversed: bool
) -> list[dict[str, Any]]:
    printed = sum(ends) - keyed if is_reversed else keyed
    return [
        dict(zip(ANSWER_COLUMNS, (scale, item.id, item.label, wave, code, int(np.sum(printed == code))), strict=True))
        for code in range(ends[0], ends[1] + 1)
    ]


def _score_row(pupil: int, wave: str, scale: str, identity: str, value: float, k: int) -> dict[str, Any]:
    return dict(zip(SCORE_COLUMNS, (_code(int(pupil)), wave, scale, identity, float(value), k, k, ""), strict=True))


def _alpha(keyed: np.ndarray) -> float:
    k = keyed.shape[1]
    return float(k / (k - 1) * (1 - keyed.var(axis=0, ddof=1).sum() / keyed.sum(axis=1).var(ddof=1)))


def _quality_row(
    scale: str, wave: str, values: np.ndarray, keyed: np.ndarray, ends: tuple[float, float]
) -> dict[str, Any]:
    alpha = _alpha(keyed)
    return {
        "scale": scale,
        "wave": wave,
        "n": len(values),
        "k": keyed.shape[1],
        "alpha": alpha,
        "alpha_low": alpha - 0.08,
        "alpha_high": alpha + 0.05,
        "omega": alpha + 0.01,
        "omega_low": alpha - 0.07,
        "omega_high": alpha + 0.06,
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)),
        "floor_percent": 100 * float(np.mean(values == ends[0])),
        "ceiling_percent": 100 * float(np.mean(values == ends[1])),
        "missing_percent": 2.0,
        "straight_line_percent": 100 * float(np.mean(keyed.min(axis=1) == keyed.max(axis=1))),
        "reason": "",
    }


def _item_row(scale: str, wave: str, item: Any, keyed: np.ndarray, place: int, ends: tuple[int, int]) -> dict[str, Any]:
    own = keyed[:, place]
    rest = np.delete(keyed, place, axis=1)
    return {
        "scale": scale,
        "wave": wave,
        "item": item.id,
        "label": item.label,
        "n": len(own),
        "mean": float(own.mean()),
        "sd": float(own.std(ddof=1)),
        "item_rest_r": float(np.corrcoef(own, rest.sum(axis=1))[0, 1]),
        "alpha_if_dropped": _alpha(rest),
        "floor_percent": 100 * float(np.mean(own == ends[0])),
        "ceiling_percent": 100 * float(np.mean(own == ends[1])),
        "missing_percent": 1.0,
    }


@pytest.fixture(scope="session")
def standard(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scores, Results]:
    """Scores and results of the plan as it stands, made once; tests only read them."""
    study = make_study(make_plan(), tmp_path_factory.mktemp("study"))
    scores = make_scores(study)
    return scores, analyse(scores, study)


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Scores, Results]]:
    """Scores and results of the plan with other numbers of pupils, for tests that only read them."""

    def made(**numbers: int) -> tuple[Scores, Results]:
        study = make_study(make_plan(), tmp_path_factory.mktemp("study"))
        scores = make_scores(study, **numbers)
        return scores, analyse(scores, study)

    return made


@pytest.fixture
def plan() -> Callable[..., Evaluation]:
    """A plan with three outcomes; keyword arguments replace its keys."""
    return make_plan


@pytest.fixture
def study_of(tmp_path: Path) -> Callable[..., Study]:
    """A study of a plan, in an empty folder, with the shipped instruments or others given."""

    def study(plan: Evaluation, *, instruments: Sequence[Instrument] = ()) -> Study:
        return make_study(plan, tmp_path, instruments=instruments)

    return study


@pytest.fixture
def scores_of() -> Callable[..., Scores]:
    """Synthetic scores of 56 pupils for a study."""
    return make_scores


@pytest.fixture
def scores_from() -> Callable[..., Scores]:
    """Scores given outright as outcome -> pupil -> (before, after)."""
    return paired_scores
