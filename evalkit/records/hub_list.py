"""A programme's list of schools by hub and trust, read and checked."""

from dataclasses import dataclass

import pandas as pd

from evalkit.records.responses import Problem, Source, problem_table

HUB_LIST_COLUMNS = ("urn", "school_name", "hub", "laestab", "trust")


@dataclass(frozen=True, slots=True)
class HubList:
    """The schools of a programme, each once, known by its URN.

    Attributes
    ----------
    schools : frame - a row per URN, columns HUB_LIST_COLUMNS, all text; the first row of a URN that stands twice
    hubs : frame - a row per hub: `hub`, `claimed` (how many schools it says it has; NA where it does not say), `listed`
        (rows that name it)
    issues : every problem found
    source : the file
    """

    schools: pd.DataFrame
    hubs: pd.DataFrame
    issues: tuple[Problem, ...]
    source: Source

    def __repr__(self) -> str:
        return f"<HubList: {len(self.schools)} schools, {len(self.hubs)} hubs, {len(self.issues)} problems>"

    @property
    def problems(self) -> pd.DataFrame:
        """The problems as a table, a row per problem."""
        return problem_table(self.issues)

    @property
    def ok(self) -> bool:
        """Whether nothing is left that must be mended or answered."""
        return not any(one.severity in ("error", "ask") for one in self.issues)
