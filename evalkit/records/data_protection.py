"""Who is responsible for the pupils' data of an evaluation, on what ground, and how long each kind is kept."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator

from evalkit.records.spec_file import Spec


def _a_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("this is no date; write year-month-day, as in 2027-08-31") from None


Day = Annotated[str, AfterValidator(_a_date)]


class Retention(Spec):
    """The last day on which each kind of data may be kept; `evalkit retention` says what is due.

    survey_files : the files as schools sent them, lists of schools and mapping files
    releases : the frozen tables that analyses read
    codes : which pupil codes were issued to which class
    keys : the keys of pseudonyms; destroyed, nobody can tell any more which pupil is which
    results : results and reports; they hold groups only
    """

    survey_files: Day | None = None
    releases: Day | None = None
    codes: Day | None = None
    keys: Day | None = None
    results: Day | None = None


class DataProtection(Spec):
    """What a school's data protection officer asks first.

    controller : who decides about the data: the school, a trust, a programme
    processor : who handles them on the controller's behalf
    lawful_basis : for example: public task, UK GDPR Article 6(1)(e)
    purpose : what the data are for
    contact : where a pupil or a parent may ask
    pseudonymise : releases hold pseudonyms in place of codes; needs a key ('evalkit keys make')
    """

    controller: str
    lawful_basis: str
    processor: str | None = None
    purpose: str | None = None
    contact: str | None = None
    pseudonymise: bool = False
    retention: Retention = Retention()
