"""Read a list of schools to invite: URN, school, e-mail and role, pasted or from a CSV file."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from evalkit.portal.models import Role
from evalkit.records.identifiers import read_urn

MOST_ROWS = 1000
HEADINGS: dict[str, tuple[str, ...]] = {
    "urn": ("urn", "school urn"),
    "name": ("school", "school name", "name"),
    "email": ("e-mail", "email", "e-mail address", "email address", "mail"),
    "role": ("role",),
}
ORDER = ("urn", "name", "email", "role")
ROLES = {"": Role.UPLOADER, "uploader": Role.UPLOADER, "lead": Role.SCHOOL_LEAD, "school lead": Role.SCHOOL_LEAD}
ROLES_SAID = "uploader (uploads files) or lead (uploads files and reads the school's report)"


@dataclass(frozen=True, slots=True)
class Invited:
    """One row of the list, in order."""

    urn: str
    name: str
    email: str
    role: Role


@dataclass(frozen=True, slots=True)
class InviteList:
    """What was read: the rows, and every problem with the number of its line."""

    rows: tuple[Invited, ...]
    problems: tuple[str, ...]


def read_invite_list(text: str, *, known: Mapping[str, str]) -> InviteList:
    """Read the list and check everything in it.

    Parameters
    ----------
    text : a line per person: URN, school, e-mail, role; parted by commas, semicolons or tabs; with headings or without
    known : the names of the schools that are known already, by URN; for these the name may be left out
    """
    lines = list(_cells(text))
    if not lines:
        return InviteList((), ("Paste at least one line: URN, school, e-mail, role.",))
    if len(lines) > MOST_ROWS:
        return InviteList((), (f"The list has {len(lines)} lines. Send at most {MOST_ROWS} at a time.",))
    order, lines = _columns(lines)
    rows: list[Invited] = []
    problems: list[str] = []
    names = dict(known)
    seen: dict[tuple[str, str], int] = {}
    for number, cells in lines:
        row = {column: cells[place].strip() for column, place in order.items() if place < len(cells)}
        found, wrong = _row(row, names)
        before = seen.setdefault((found.urn, found.email), number) if found else number
        if before != number:
            wrong = [f"{row['email']} stands for this school in line {before} already. Keep one of the two"]
        problems += [f"Line {number}: {one}." for one in wrong]
        if found and not wrong:
            names.setdefault(found.urn, found.name)
            rows.append(found)
    return InviteList(tuple(rows), tuple(problems))


def _row(row: Mapping[str, str], names: Mapping[str, str]) -> tuple[Invited | None, list[str]]:
    problems: list[str] = []
    urn = read_urn(row.get("urn", ""))
    if not urn.ok:
        problems.append(f"'{row.get('urn', '')}' is no URN: {urn.message}")
    name, known = row.get("name", ""), names.get(urn.value, "")
    if urn.ok and not name and not known:
        problems.append(f"the school {urn.value} has no name. Write it in the second column")
    elif known and name and _plain(name) != _plain(known):
        problems.append(f"URN {urn.value} is '{known}', the list says '{name}'. Correct the URN, or leave the name out")
    email = row.get("email", "").lower()
    try:
        validate_email(email)
    except ValidationError:
        problems.append(f"'{email}' is no e-mail address, like name@example.com" if email else "the e-mail is missing")
    role = ROLES.get(row.get("role", "").casefold())
    if role is None:
        problems.append(f"there is no role '{row['role']}'. Write {ROLES_SAID}")
    if problems or role is None:
        return None, problems
    return Invited(urn.value, known or name[:200], email, role), []


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that hold something, with their numbers as the person sees them."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max("\t;,", key=first.count)
    for number, line in enumerate(text.splitlines(), start=1):
        cells = next(csv.reader(io.StringIO(line), delimiter=separator), [])
        if any(cell.strip() for cell in cells):
            yield number, cells


def _columns(lines: list[tuple[int, list[str]]]) -> tuple[dict[str, int], list[tuple[int, list[str]]]]:
    """Where each column stands, and the lines without the headings."""
    headings = [cell.strip().casefold() for cell in lines[0][1]]
    named = {column: headings.index(one) for column, names in HEADINGS.items() for one in names if one in headings}
    if "urn" in named and len(named) > 1:
        return named, lines[1:]
    return {column: place for place, column in enumerate(ORDER)}, lines


def _plain(name: str) -> str:
    return "".join(one for one in name.casefold() if one.isalnum())
