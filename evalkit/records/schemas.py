"""The JSON Schemas of the files that people write, so that an editor can complete and check them."""

import json
from typing import Any

from evalkit.records.allocation import RandomisationPlan
from evalkit.records.evaluation import Evaluation
from evalkit.records.instrument import Instrument
from evalkit.records.mapping import Mapping
from evalkit.records.spec_file import Spec
from evalkit.records.wording import Wording

_MODELS: dict[str, type[Spec]] = {
    "instrument": Instrument,
    "evaluation": Evaluation,
    "mapping": Mapping,
    "randomisation": RandomisationPlan,
    "wording": Wording,
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema (draft 2020-12) of each kind of file: instrument, evaluation, mapping, randomisation, wording.

    What a schema cannot say (that a key names an item, that a range follows from the answers) is checked on loading.
    """
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True)}
        for name, model in _MODELS.items()
    }


def schema_text(name: str) -> str:
    """One schema as it is published: indented JSON with a line end."""
    return json.dumps(json_schemas()[name], indent=2, ensure_ascii=False) + "\n"
