"""`checklists.yaml` as a frozen record, and where each item stands in the report of a trial."""

from functools import cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import Field, model_validator

from evalkit.records.spec_file import Faults, Spec, read_spec
from evalkit.records.standards_threshold import SourceStatus

if TYPE_CHECKING:
    from evalkit.records.results import Results

CHECKLISTS_FILE = Path(__file__).parent.parent / "checklists.yaml"
CHECKLIST_COLUMNS = ("item", "topic", "place", "status", "source_status")
REPORTED, NOT_SUPPLIED = "reported", "not supplied"


class Needs(Spec):
    """What must be there before evalkit's report says it: keys of the plan with dots, and displays of the results."""

    plan: tuple[str, ...] = ()
    displays: tuple[str, ...] = ()


class ChecklistItem(Spec):
    """One item: what must be said, and where evalkit's report says it.

    id : as the checklist numbers it, such as 7a
    topic : what must be said, in our own words
    place : the heading in evalkit's report; empty where only the evaluator can say it
    trials : the trials that it is for
    status : how well the item was checked
    """

    id: str
    topic: str
    place: str = ""
    needs: Needs = Needs()
    trials: Literal["both", "clusters", "pupils"] = "both"
    status: SourceStatus


class Checklist(Spec):
    """A published checklist. `base` and `clusters` name the sources of its items."""

    title: str
    base: str
    clusters: str = ""
    items: tuple[ChecklistItem, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> "Checklist":
        for kind in ("clusters", "pupils"):
            ids = [one.id for one in self.items if one.trials in ("both", kind)]
            twice = sorted({one for one in ids if ids.count(one) > 1})
            if twice:
                raise Faults([(("items",), f"'{twice[0]}' stands twice for trials of {kind}; keep one of the two")])
        return self

    def for_trials(self, kind: Literal["clusters", "pupils"]) -> tuple[ChecklistItem, ...]:
        """The items for trials that drew whole clusters, or pupils."""
        return tuple(one for one in self.items if one.trials in ("both", kind))


class Checklists(Spec):
    """All checklists that travel with evalkit."""

    schema_: Literal["evalkit-checklists/1"] = Field(alias="schema")
    consort: Checklist
    tidier: Checklist


@cache
def load_checklists() -> Checklists:
    """The checklists, read once. Raises SpecError when the file breaks a rule."""
    return read_spec(CHECKLISTS_FILE, Checklists)


def checklist_table(results: "Results") -> pd.DataFrame:
    """Where each item of CONSORT and TIDieR stands for a trial.

    Parameters
    ----------
    results : Results
        Complete, with all displays. The plan's `trial.checklist` names the evaluator's own places by item.

    Returns
    -------
    frame
        `item topic place status source_status`: `place` is the evaluator's own, else the heading in evalkit's report
        where the item's needs are met; where there is neither, `status` is "not supplied".
    """
    plan = results.plan
    own = plan.groups.checklist if plan.groups is not None else {}
    kind = "pupils" if plan.unit_of_randomisation == "pupil" else "clusters"
    lists = load_checklists()
    rows: list[tuple[str, ...]] = []
    for item in (*lists.consort.for_trials(kind), *lists.tidier.for_trials(kind)):
        place = own.get(item.id) or (item.place if _met(item.needs, results) else "")
        rows.append((item.id, item.topic, place, REPORTED if place else NOT_SUPPLIED, item.status))
    return pd.DataFrame(rows, columns=list(CHECKLIST_COLUMNS)).astype("str")


def checklist_ids() -> tuple[str, ...]:
    """The items that a plan may name."""
    lists = load_checklists()
    return tuple(dict.fromkeys(one.id for one in (*lists.consort.items, *lists.tidier.items)))


def _met(needs: Needs, results: "Results") -> bool:
    filled = (reduce(lambda part, key: getattr(part, key, None), key.split("."), results.plan) for key in needs.plan)
    return all(filled) and all(
        name in results.displays and (name == "deviations" or len(results.displays[name])) for name in needs.displays
    )
