"""A fact about a pupil or a school that stands in a column of a file."""

from typing import Literal

from pydantic import Field

from evalkit.records.instrument_parts import Identifier
from evalkit.records.spec_file import Spec


class Characteristic(Spec):
    """A column of the pupil list or of the school list: a covariate, a subgroup, a stratum, a reason for leaving.

    headers : how files head the column, besides its id and label
    values : text in the file -> text meant; without it any text may stand there
    kind : category (texts) or number (any number; used as it is)
    level : whether it is a fact about the pupil or about the whole school
    """

    id: Identifier
    label: str
    headers: tuple[str, ...] = ()
    values: dict[str, str] = Field(default_factory=dict)
    kind: Literal["category", "number"] = "category"
    level: Literal["pupil", "school"] = "pupil"
