"""The published JSON Schemas are fresh, valid, and accept and refuse what they should."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import evalkit
from evalkit.records.schemas import json_schemas, schema_text
from evalkit.records.spec_file import read_yaml

ROOT = Path(evalkit.__file__).parent.parent
FOLDER = ROOT / "docs" / "reference" / "schema"
KINDS = ("instrument", "evaluation", "mapping", "randomisation", "wording")


def as_json(data: object) -> Any:
    """What an editor's schema check sees: JSON has text keys only."""
    return json.loads(json.dumps(data))


@cache
def follows(kind: str) -> jsonschema.Draft202012Validator:
    """What checks a file of a kind; that the schema itself is valid is a test of its own."""
    return jsonschema.Draft202012Validator(json_schemas()[kind])


def test_there_is_a_schema_of_every_kind() -> None:
    assert tuple(json_schemas()) == KINDS
    assert {path.name for path in FOLDER.iterdir()} == {f"{kind}.schema.json" for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_the_published_schema_is_fresh_and_valid(kind: str) -> None:
    text = (FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(kind), "run: python docs/make_measures.py"
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "instruments").rglob("instrument.yaml")), ids=lambda path: path.parent.name
)
def test_the_shipped_questionnaires_follow_the_schema(path: Path) -> None:
    follows("instrument").validate(as_json(read_yaml(path).data))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "analyses").glob("*/evaluation.yaml")), ids=lambda path: path.parent.name
)
def test_the_shipped_plans_follow_the_schema(path: Path) -> None:
    follows("evaluation").validate(as_json(read_yaml(path).data))


def test_an_unknown_key_breaks_the_schema() -> None:
    data = as_json(read_yaml(ROOT / "instruments" / "grit_s8" / "instrument.yaml").data)
    data["scores"][0]["metod"] = "mean"
    with pytest.raises(jsonschema.ValidationError, match="metod"):
        follows("instrument").validate(data)
