"""What a survey of staff needs besides its answers: how many were asked, and how comments were coded."""

from typing import Annotated

from pydantic import Field

from evalkit.records.instrument_parts import Identifier
from evalkit.records.spec_file import Spec


class Theme(Spec):
    """How many comments were about a theme. The comments themselves never come in."""

    label: str
    count: Annotated[int, Field(ge=0)]


class Themes(Spec):
    """Comments of one occasion, coded by a person; a comment may be about several themes.

    comments : how many comments were coded
    coded_by : who coded them and how agreement was checked
    """

    wave: Identifier
    comments: Annotated[int, Field(ge=1)]
    themes: tuple[Theme, ...] = Field(min_length=1)
    coded_by: str | None = None


class Feedback(Spec):
    """The block `feedback:` of a plan.

    asked : how many were asked, by wave; the response rate rests on it
    linked : whether a code means the same person at every wave. Without it each answer is a person of its own
    """

    asked: dict[Identifier, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    linked: bool = False
    themes: tuple[Themes, ...] = ()
