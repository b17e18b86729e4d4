"""The results of one school, hub or trust: its own figures beside the programme's. `Results` itself names none."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from evalkit.errors import SpecError

PLACE_SCHEMA = "evalkit-place/1"
Level = Literal["school", "hub", "trust"]
LEVELS: tuple[Level, ...] = ("school", "hub", "trust")
FigureKind = Literal["change", "level"]


@dataclass(frozen=True, slots=True)
class Member:
    """One school of a hub or a trust, as on its own page.

    Attributes
    ----------
    name : what to call it; empty where the reader must not know which school it is, and then only `beside` is given
    n, before, after, beside, beside_low, beside_high : as of a figure
    """

    name: str
    n: float = math.nan
    before: float = math.nan
    after: float = math.nan
    beside: float = math.nan
    beside_low: float = math.nan
    beside_high: float = math.nan


@dataclass(frozen=True, slots=True)
class PlaceFigure:
    """One outcome at one place, in points of the outcome's scale; NaN where there is no number or it is hidden.

    Attributes
    ----------
    outcome : id of the plan
    kind : change (after minus before) or level (the score afterwards, beside what the model expects of such pupils)
    n : pupils of the place behind the numbers
    before, after : their means
    value, low, high : the place's true change, drawn towards the average place; only of kind change
    beside, beside_low, beside_high : how far it lies from the average place (of kind level: from what is expected)
    schools_before, schools_after : means of the pupils of all schools (of kind level: of the place's arm)
    average : change of the average place; only of kind change
    others : how far other places lie from the average one, lowest first and unnamed; empty where too few may be shown
    reason : why there are no numbers, else empty
    spread : standard deviation of the outcome over the programme's pupils, to tell figures of several scales in SDs
    schools : schools of the place behind the numbers
    members : those of its schools that may be shown, by name or, unnamed, lowest first; empty for a school
    kept_back : its schools that have pupils here and may not be shown
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
    spread: float = math.nan
    schools: float = math.nan
    members: tuple[Member, ...] = ()
    kept_back: float = math.nan


@dataclass(frozen=True, slots=True)
class PlaceResults:
    """What the pages of one place need besides the programme's results. For the eyes of that place only.

    Attributes
    ----------
    level : school, hub or trust
    place : as it is written in the data or the list of schools: a URN, or a name
    name : what to call it; the same where nothing else is known
    arm : the arm of its pupils; empty where its pupils are in several
    figures : one for each outcome of the plan, disclosure-controlled with the plan's threshold
    arms : arm -> how many of its schools are in it; schools with pupils in several arms stand under the empty name
    named : whether its schools stand on its pages by name
    """

    level: Level
    place: str
    name: str
    arm: str
    figures: tuple[PlaceFigure, ...]
    arms: Mapping[str, int]
    named: bool = False

    @property
    def schools(self) -> int:
        """How many schools it has in the data."""
        return sum(self.arms.values())

    def to_json(self) -> str:
        """Equal records give equal text; NaN is null."""
        content = {"schema": PLACE_SCHEMA, **cast("dict[str, Any]", _plain(asdict(self)))}
        return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "PlaceResults":
        """Read back what `to_json` wrote. Raises SpecError for other text."""
        try:
            content = cast("dict[str, Any]", json.loads(text))
            if content.pop("schema") != PLACE_SCHEMA:
                raise KeyError("schema")
            figures = tuple(_figure(one) for one in content.pop("figures"))
            return cls(**content, figures=figures)
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError):
            raise SpecError(f"These are not a place's results of the format {PLACE_SCHEMA}. Make them again.") from None


def _plain(value: object) -> object:
    """NaN as null, however deep."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in cast("dict[str, object]", value).items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in cast("tuple[object, ...]", value)]
    return None if isinstance(value, float) and math.isnan(value) else value


def _numbers(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: math.nan if value is None else value for key, value in content.items()}


def _figure(content: Mapping[str, Any]) -> PlaceFigure:
    """A figure from its JSON; null is NaN."""
    values = _numbers(content)
    values["others"] = tuple(values["others"])
    values["members"] = tuple(Member(**_numbers(one)) for one in values["members"])
    return PlaceFigure(**values)
