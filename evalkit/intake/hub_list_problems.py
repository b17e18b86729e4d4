"""What is said about a list of schools by hub: schools that stand twice, shared names, counts that do not agree."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from evalkit.intake.findings import Findings
from evalkit.intake.normal import counted, listed, normal, quoted

if TYPE_CHECKING:
    from evalkit.intake.hub_list import ListedRow

Key = TypeVar("Key", bound=Hashable)


def say_repeated(rows: "Sequence[ListedRow]", columns: Mapping[str, int], findings: Findings) -> None:
    """Schools whose URN stands in several rows: the same entry again, another hub, another name, another LAESTAB."""
    for urn, some in _by((row.urn, row) for row in rows):
        if len(some) < 2:
            continue
        numbers = [row.number for row in some]
        names = _spellings(row.school_name for row in some)
        hubs = _spellings(row.hub for row in some)
        trusts = _spellings(row.trust for row in some)
        laestabs = list(dict.fromkeys(row.laestab for row in some if row.laestab))
        where = [columns["urn"]]
        if len(names) > 1:
            findings.add(
                "ask",
                "urn_of_two_names",
                f"The URN {urn} stands for {listed([quoted(name) for name in names])}",
                "If they are two schools, one of the URNs is wrong: look it up and correct it. If it is one school, "
                "write its name alike.",
                rows=numbers,
                columns=where,
            )
        elif len(hubs) > 1:
            findings.add(
                "ask",
                "school_in_two_hubs",
                f"{quoted(names[0])} (URN {urn}) is listed by {listed([quoted(hub) for hub in hubs])}",
                "A school is counted once. Which hub is it in? Delete the other row.",
                rows=numbers,
                columns=where,
            )
        elif len(trusts) > 1:
            findings.add(
                "ask",
                "school_in_two_trusts",
                f"{quoted(names[0])} (URN {urn}) is listed with the trusts {listed([quoted(one) for one in trusts])}",
                "A school is in one trust. Which is it? Correct the other row.",
                rows=numbers,
                columns=where,
            )
        else:
            findings.add(
                "fixed",
                "school_twice",
                f"{quoted(names[0])} (URN {urn}) is listed {len(some)} times",
                "evalkit counts it once. Delete the other row when you can.",
                rows=numbers,
                columns=where,
            )
        if len(laestabs) > 1:
            findings.add(
                "ask",
                "two_laestabs",
                f"The URN {urn} has the LAESTABs {listed(laestabs)}",
                "Look the school up and keep the one that holds now.",
                rows=numbers,
                columns=[columns["laestab"]],
            )


def say_names(rows: "Sequence[ListedRow]", columns: Mapping[str, int], findings: Findings) -> None:
    """Different schools with one name, and different URNs with one LAESTAB."""
    for _, some in _by((normal(row.school_name), row) for row in rows if row.school_name):
        urns = list(dict.fromkeys(row.urn for row in some))
        if len(urns) > 1:
            findings.add(
                "warn",
                "name_of_two_schools",
                f"{len(urns)} schools are called {quoted(some[0].school_name)} (URNs {listed(urns)})",
                "They are kept apart by their URNs. Check that each URN is the right one.",
                rows=[row.number for row in some],
                columns=[columns["school_name"]],
            )
    for laestab, some in _by((row.laestab, row) for row in rows if row.laestab):
        urns = list(dict.fromkeys(row.urn for row in some))
        if len(urns) > 1:
            findings.add(
                "warn",
                "laestab_of_two_schools",
                f"The URNs {listed(urns)} have the same LAESTAB, {laestab}",
                "A school that became an academy gets a new URN and often keeps its LAESTAB. If these are one school, "
                "keep the URN that holds now.",
                rows=[row.number for row in some],
                columns=[columns["laestab"]],
            )


def say_counts(hubs: pd.DataFrame, columns: Mapping[str, int], findings: Findings) -> None:
    """Hubs that list another number of schools than they say they have."""
    where = [columns["hub"]] if "hub" in columns else []
    for hub, claimed, found in hubs.dropna(subset="claimed").itertuples(index=False, name=None):
        if claimed != found:
            findings.add(
                "ask",
                "count_differs",
                f"{quoted(hub)} says it has {counted(claimed, 'school')} and lists {found}",
                "Ask the hub which is right, then correct its number or its list.",
                columns=where,
            )
    silent = hubs.loc[hubs["claimed"].isna(), "hub"].tolist()
    if silent and len(silent) < len(hubs):
        findings.add(
            "warn",
            "hub_without_count",
            f"{listed([quoted(hub) for hub in silent])} {'does' if len(silent) == 1 else 'do'} not say how many "
            "schools there should be",
            "Ask for the number, so that missing schools show.",
            columns=where,
        )


def compare_with_before(
    rows: "Sequence[ListedRow]", before: pd.DataFrame, file: str, columns: Mapping[str, int], findings: Findings
) -> None:
    """What changed since an earlier list: LAESTABs, schools that came, left, or seem to have a new URN."""
    known = {row.urn: row for row in rows}
    then = before.set_index("urn")
    for row in known.values():
        old = str(then["laestab"].get(row.urn, ""))
        if old and row.laestab and old != row.laestab:
            findings.add(
                "warn",
                "laestab_changed",
                f"The LAESTAB of {quoted(row.school_name)} (URN {row.urn}) was {old} in {file} and is {row.laestab} "
                "now",
                "It changes with the local authority. Nothing to do if it is the same school: its URN is what counts.",
                rows=[row.number],
                columns=[columns["laestab"]],
            )
    gone = then.loc[~then.index.isin(list(known))]
    fresh = [row for row in known.values() if row.urn not in then.index]
    for row in fresh:
        same = gone[(gone["school_name"].map(normal) == normal(row.school_name)) | _same(gone["laestab"], row.laestab)]
        if len(same):
            findings.add(
                "ask",
                "urn_changed",
                f"{quoted(row.school_name)} has the URN {row.urn}; {file} has {listed(same.index.tolist())} for a "
                "school of that name or LAESTAB",
                "If the school became an academy, both are right: note the old URN as its predecessor. If not, correct "
                "it.",
                rows=[row.number],
                columns=[columns["urn"]],
            )
    if len(gone) or fresh:
        findings.add(
            "warn",
            "schools_changed",
            f"Since {file}, {counted(len(fresh), 'school')} came and {len(gone)} left"
            + (f" (left: {listed(gone.index.tolist())})" if len(gone) else ""),
            "Check that this is so.",
        )


def _same(column: pd.Series, value: str) -> pd.Series:
    return (column == value) & bool(value)


def _by(pairs: "Iterable[tuple[Key, ListedRow]]") -> "list[tuple[Key, list[ListedRow]]]":
    groups: dict[Key, list[ListedRow]] = defaultdict(list)
    for key, row in pairs:
        groups[key].append(row)
    return list(groups.items())


def _spellings(names: Iterable[str]) -> list[str]:
    """Different names, each in its first spelling; blanks count for nothing."""
    return list({normal(name): name for name in reversed([name for name in names if name])}.values())[::-1] or [""]
