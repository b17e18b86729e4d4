"""In which hub and in which trust the schools of an evaluation are."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.records.place_results import Level


@dataclass(frozen=True, slots=True)
class SchoolPlaces:
    """Where schools belong, as far as it is known; a school that stands nowhere is in no hub, or in no trust.

    Attributes
    ----------
    hubs, trusts : school as written in the data -> name of its hub, of its trust
    names : school as written in the data -> what the list of schools calls it
    named : whether the lead of a hub may see which school is which
    """

    hubs: Mapping[str, str] = field(default_factory=dict[str, str])
    trusts: Mapping[str, str] = field(default_factory=dict[str, str])
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    named: bool = False

    def of(self, level: Level) -> Mapping[str, str]:
        """School -> its hub or trust."""
        return self.hubs if level == "hub" else self.trusts
