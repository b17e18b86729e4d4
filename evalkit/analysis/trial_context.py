"""What the evaluator adds to a trial's results: the reporting checklist, and published figures as context."""

from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from evalkit.records.evaluation import Evaluation
from evalkit.records.standards_threshold import SourceStatus

CHECKLIST_COLUMNS = ("item", "topic", "place", "status", "source_status")
CONTEXT_COLUMNS = ("what", "value", "source")
REPORTED, NOT_SUPPLIED = "reported", "not supplied"


class ChecklistItem(Protocol):
    """One item of a reporting checklist.

    Attributes
    ----------
    id : as the checklist numbers it, such as 7a
    topic : what must be said
    place : where evalkit's own report says it; empty where only the evaluator can
    status : how well the item's wording was checked
    """

    @property
    def id(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def status(self) -> SourceStatus: ...


def checklist(plan: Evaluation, items: Sequence[ChecklistItem]) -> pd.DataFrame:
    """Where each item of the reporting checklist stands.

    Returns
    -------
    frame, CHECKLIST_COLUMNS
        `place` is the evaluator's own, else the place in evalkit's report; where there is neither, `status` is
        `not supplied`. `source_status` says how well the item's wording was checked.
    """
    own = plan.trial.checklist if plan.trial else {}
    rows: list[tuple[str, ...]] = []
    for item in items:
        place = own.get(item.id) or item.place
        rows.append((item.id, item.topic, place, REPORTED if place else NOT_SUPPLIED, item.status))
    return pd.DataFrame(rows, columns=list(CHECKLIST_COLUMNS)).astype("str")


def context(plan: Evaluation) -> pd.DataFrame:
    """Published figures of the plan, shown only as context.

    Returns
    -------
    frame, CONTEXT_COLUMNS
    """
    figures = plan.trial.context if plan.trial else ()
    rows = [(one.what, one.value, one.source) for one in figures]
    return pd.DataFrame(rows, columns=list(CONTEXT_COLUMNS)).astype("str")
