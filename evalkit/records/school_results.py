"""The results of one school: its own figures beside the programme's. `Results` itself names no school."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from evalkit.errors import SpecError

SCHOOL_SCHEMA = "evalkit-school/1"
FigureKind = Literal["change", "level"]


@dataclass(frozen=True, slots=True)
class SchoolFigure:
    """One outcome at one school, in points of the outcome's scale; NaN where there is no number or it is hidden.

    Attributes
    ----------
    outcome : id of the plan
    kind : change (after minus before) or level (the score afterwards, beside what the model expects of such pupils)
    n : pupils of the school behind the numbers
    before, after : their means
    value, low, high : the school's true change, drawn towards the average school; only of kind change
    beside, beside_low, beside_high : how far it lies from the average school (of kind level: from what is expected)
    schools_before, schools_after : means of the pupils of all schools (of kind level: of the school's arm)
    average : change of the average school; only of kind change
    others : how far other schools lie from the average one, lowest first and unnamed; empty where too few may be shown
    reason : why there are no numbers, else empty
    """

    outcome: str
    kind: FigureKind
    n: float = math.nan
    before: float = math.nan
    after: float = math.nan
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    beside: float = math.nan
    beside_low: float = math.nan
    beside_high: float = math.nan
    schools_before: float = math.nan
    schools_after: float = math.nan
    average: float = math.nan
    others: tuple[float, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SchoolResults:
    """What one school's page and letter need besides the programme's results. For that school's eyes only.

    Attributes
    ----------
    school : as it is written in the data: a URN, or a name
    name : what to call it; the same where nothing else is known
    arm : the arm of its pupils; empty where its pupils are in several
    figures : one for each outcome of the plan, disclosure-controlled with the plan's threshold
    """

    school: str
    name: str
    arm: str
    figures: tuple[SchoolFigure, ...]

    def to_json(self) -> str:
        """Equal records give equal text; NaN is null."""
        figures = [
            {
                key: None if isinstance(value, float) and math.isnan(value) else value
                for key, value in asdict(one).items()
            }
            for one in self.figures
        ]
        content = {
            "schema": SCHOOL_SCHEMA, "school": self.school, "name": self.name, "arm": self.arm, "figures": figures,
        }  # fmt: skip
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "SchoolResults":
        """Read back what `to_json` wrote. Raises SpecError for other text."""
        try:
            content = cast("dict[str, Any]", json.loads(text))
            if content.pop("schema") != SCHOOL_SCHEMA:
                raise KeyError("schema")
            figures = tuple(_figure(one) for one in content.pop("figures"))
            return cls(**content, figures=figures)
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError):
            raise SpecError(f"This is not a school's results of the format {SCHOOL_SCHEMA}. Make them again.") from None


def _figure(content: Mapping[str, Any]) -> SchoolFigure:
    """A figure from its JSON; null is NaN."""
    values: dict[str, Any] = {key: math.nan if value is None else value for key, value in content.items()}
    values["others"] = tuple(values["others"])
    return SchoolFigure(**values)
