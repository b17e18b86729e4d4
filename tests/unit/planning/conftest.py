"""A made-up list of 24 schools (synthetic, no school is real) and plans to allocate it with."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from evalkit.records.allocation import RandomisationPlan


@pytest.fixture
def schools() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "urn": [str(100_000 + 37 * place) for place in range(24)],
            "centre": ["North", "South", "West"] * 8,
            "phase": ["primary"] * 16 + ["secondary"] * 8,
            "ks2": [100 + 37 * place % 80 / 10 for place in range(24)],
            "fsm": [4 + 53 * place % 560 / 10 for place in range(24)],
        }
    )


def plan_content(**changes: object) -> dict[str, object]:
    return {
        "schema": "evalkit-randomisation/1",
        "id": "reading-trial",
        "id_column": "urn",
        "arms": [{"id": "programme", "label": "Programme"}, {"id": "control", "label": "Usual teaching"}],
        "method": "stratified",
        "strata": [{"column": "centre", "values": ["North", "South", "West"]}],
        "seed": {"value": 20260301, "source": "Lottery draw of 28 February 2026", "fixed_on": "2026-02-28"},
    } | changes


@pytest.fixture
def make_plan() -> Callable[..., RandomisationPlan]:
    def make(**changes: object) -> RandomisationPlan:
        return RandomisationPlan.model_validate(plan_content(**changes))

    return make


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "randomisation.yaml"
    path.write_text(yaml.safe_dump(plan_content(), sort_keys=False), encoding="utf-8")
    return path
