"""Results written as JSON and read back are the same bytes, whatever they hold."""

import json
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import SpecError
from evalkit.records.evaluation import Evaluation
from evalkit.records.results import ESTIMATE_COLUMNS, TEXT_COLUMNS, Caveat, Check, Provenance, Results

PLAN = Evaluation.model_validate(
    {
        "schema": "evalkit-evaluation/1",
        "id": "invented",
        "title": "An invented evaluation",
        "programme": {"name": "Invented", "description": "Nothing real."},
        "design": "single_group_prepost",
        "arms": [{"id": "programme", "label": "Programme"}],
        "waves": [{"id": "pre", "label": "Before"}, {"id": "post", "label": "After"}],
        "outcomes": [
            {
                "id": "grit",
                "label": "Grit",
                "instrument": "grit_s8",
                "score": "total",
                "role": "primary",
                "estimand": {
                    "population": "all",
                    "contrast": "after minus before",
                    "measure": "mean",
                    "non_compliance": "ignored",
                    "drop_out": "linked",
                },
            }
        ],
        "seed": 1,
    }
)
TEXT = st.text(max_size=12)
NUMBERS = st.one_of(st.floats(allow_infinity=False), st.just(math.nan), st.just(-0.0), st.just(5e-324), st.just(1e308))
VALUES = st.one_of(TEXT, st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
FACTS = st.dictionaries(TEXT, st.one_of(st.none(), VALUES), max_size=4)
DISPLAY_COLUMNS = ("outcome", "label", "wave", "n", "estimate", "count", "percent")


@st.composite
def frames(draw, columns):
    """A frame with text columns and number columns, whole numbers in `n`, any of them empty."""
    size = draw(st.integers(0, 4))
    cells = {}
    for column in columns:
        kind = TEXT if column in TEXT_COLUMNS else st.integers(0, 10**6) if column == "n" else NUMBERS
        values = draw(st.lists(kind, min_size=size, max_size=size))
        dtype = "str" if column in TEXT_COLUMNS else "int64" if column == "n" else "float64"
        cells[column] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(cells, columns=list(columns))


@st.composite
def any_results(draw):
    return Results(
        plan=PLAN,
        instruments=draw(st.dictionaries(TEXT, FACTS, max_size=2)),
        estimates=draw(frames(ESTIMATE_COLUMNS)),
        models=draw(frames(("outcome", "scale", "model", "n", "r"))),
        checks=tuple(draw(st.lists(st.builds(Check, st.just("size"), st.just("fair"), FACTS), max_size=2))),
        caveats=tuple(draw(st.lists(st.builds(Caveat, TEXT, st.just("note"), TEXT, FACTS), max_size=3))),
        displays=draw(st.dictionaries(TEXT, frames(DISPLAY_COLUMNS), max_size=2)),
        notes=tuple(draw(st.lists(TEXT, max_size=2))),
        provenance=Provenance(
            evalkit="0.0",
            plan_sha256="a",
            release_sha256="b",
            instruments=draw(st.dictionaries(TEXT, TEXT, max_size=2)),
            sources=tuple(draw(st.lists(st.tuples(TEXT, TEXT), max_size=2))),
            seed=draw(st.integers(0, 2**32 - 1)),
            environment=draw(st.dictionaries(TEXT, TEXT, max_size=2)),
        ),
    )


@settings(max_examples=60, deadline=None)
@given(any_results())
def test_round_trip_is_byte_equal(results):
    text = results.to_json()
    assert Results.from_json(text).to_json() == text


@settings(max_examples=30, deadline=None)
@given(any_results())
def test_the_text_is_strict_json(results):
    def refuse(token):
        raise AssertionError(f"{token} is not JSON")

    json.loads(results.to_json(), parse_constant=refuse)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"schema": "evalkit-results/0"}'])
def test_other_text_is_refused_kindly(text):
    with pytest.raises(SpecError, match="Run the analysis again"):
        Results.from_json(text)
