"""Everything that an evaluation holds about one pupil, for whoever has the right to see it."""

from dataclasses import dataclass

import pandas as pd

from evalkit.records.data_protection import DataProtection

ABOUT_COLUMNS = {
    "survey_rows": ("file", "sheet", "row", "heading", "cell"),
    "facts": ("release", "fact", "value"),
    "answers": ("release", "wave", "questionnaire", "item", "answer", "meaning"),
    "scores": ("release", "wave", "scale", "value", "reason"),
    "decisions": ("file", "decisions"),
}


@dataclass(frozen=True, slots=True)
class PupilData:
    """What is held about a pupil.

    Attributes
    ----------
    code : the pupil's code, as asked for
    evaluation : the evaluation's title
    protection : who answers for the data, on what ground and until when; None where the plan does not say
    tables : name -> frame, all text, the columns of ABOUT_COLUMNS: rows of survey files as sent, facts and answers in
        releases, scores made of them, decisions in mapping files
    notes : what could not be looked into, a sentence each
    """

    code: str
    evaluation: str
    protection: DataProtection | None
    tables: dict[str, pd.DataFrame]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<PupilData of {self.evaluation}: {len(self.tables)} tables>"

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held."""
        return all(table.empty for table in self.tables.values())
