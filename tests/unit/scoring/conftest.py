"""Releases in memory for scoring tests; every answer in them is made up."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.instrument import load_instrument
from evalkit.records.release import Manifest, Release

ESTIMAND = {"population": "all", "contrast": "c", "measure": "m", "non_compliance": "n", "drop_out": "d"}


def make_study(*scales: str, **plan: object) -> Study:
    """A plan whose outcomes are the scales, each instrument.score."""
    outcomes = [
        {
            "id": scale.replace(".", "_"),
            "label": scale,
            "instrument": scale.split(".")[0],
            "score": scale.split(".")[1],
            "role": "primary",
            "estimand": ESTIMAND,
        }
        for scale in scales
    ]
    content = {
        "schema": "evalkit-evaluation/1",
        "id": "made-up",
        "title": "Made up",
        "programme": {"name": "Made up", "description": "For tests."},
        "design": "single_group_prepost",
        "arms": [{"id": "all", "label": "All"}],
        "waves": [{"id": "pre", "label": "Before"}, {"id": "post", "label": "After"}],
        "outcomes": outcomes,
        "seed": 1,
    }
    names = dict.fromkeys(scale.split(".")[0] for scale in scales)
    instruments = tuple(load_instrument(name) for name in names)
    return Study(Evaluation.model_validate(content | plan), Path(), instruments, {})


def make_release(
    study: Study, rows: list[Mapping[str, object]], *, identities: tuple[str, ...] | None = None
) -> Release:
    """A release with these rows (pupil, wave, grit_s8.q1, ...); item columns are Int16 as releases have them."""
    items = [f"{one.id}.{item}" for one in study.instruments for item in study.items(one.id)]
    responses = pd.DataFrame(rows, columns=["pupil", "wave", *items])
    responses = responses.astype({"pupil": "str", "wave": "str"} | dict.fromkeys(items, "Int16"))
    waves = responses["wave"].value_counts().to_dict()
    manifest = Manifest.model_validate(
        {
            "schema": "evalkit-release/1",
            "evaluation": study.plan.id,
            "evalkit": "0",
            "instruments": identities or tuple(one.identity for one in study.instruments),
            "waves": waves,
            "linked": 0,
            "only_in": {},
            "tables": [],
            "sources": [{"name": "pre.csv", "sha256": "a", "rows": 1, "decisions": ["Row 3 was left out."]}],
        }
    )
    return Release(responses, responses[["pupil"]].drop_duplicates(), manifest, "abc")


def answers(pupil: str, wave: str, instrument: str, *given: int | None) -> dict[str, object]:
    """One row of a release: the answers to q1, q2, ... of one questionnaire."""
    return {"pupil": pupil, "wave": wave} | {f"{instrument}.q{n}": one for n, one in enumerate(given, start=1)}


@pytest.fixture
def study_of() -> Callable[..., Study]:
    return make_study


@pytest.fixture
def release_of() -> Callable[..., Release]:
    return make_release


@pytest.fixture
def row_of() -> Callable[..., dict[str, object]]:
    return answers
