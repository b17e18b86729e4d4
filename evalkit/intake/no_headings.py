"""What is said about a sheet without one heading that the plan knows: as much as helps, and nothing about pupils."""

import re
from collections.abc import Sequence

from evalkit.intake.known import Known
from evalkit.intake.normal import letter, listed, normal, plain, quoted
from evalkit.intake.pupils import UPN
from evalkit.intake.raw import RawSheet, Refusal

_NO_HEADING = "No column heading is one that the plan knows"
_DATA = re.compile(
    r"""^[+-]?[\d.,/: -]+%?$      # a number, a date, a time
    |@                            # an e-mail address
    |[\\/]\w+[\\/]                # a path
    |:\S*:                        # a list parted by colons, such as a system file
    |^\W*$                        # signs only
    """,
    re.VERBOSE,
)
_TOTALS = re.compile(r"\b(?:totals?|sum|scores?|averages?|means?)\b")
_QUESTION = re.compile(r"\?|\d|\[|^(?:i|my|how|what|when|do|are|it)\b", re.IGNORECASE)
_MOST_SHOWN = 6


def no_columns(sheets: Sequence[RawSheet], known: Known) -> Refusal:
    """That nothing is known, with what was found and what is wanted.

    Headings are named only where the first row is one of headings. Without headings it is a pupil's.
    """
    sheet = max(sheets, key=lambda one: len(one.rows))
    row = sheet.rows[0]
    wanted = (
        f"Give each question its own heading, from '{known.needed[0]}' to '{known.needed[-1]}', and the pupil codes "
        "the heading 'Pupil code'. The number of each question or its wording also work."
    )
    if all(sum(bool(cell.strip()) for cell in one) < 2 for one in sheet.rows):
        return Refusal(f"{_NO_HEADING}: the file has only one column", "Send the table with each pupil's answers.")
    if _holds_answers(sheet):
        found = f"{_NO_HEADING}. The first row seems to hold answers, not headings"
        return Refusal(found, f"Put a row of headings above the answers. {wanted}")
    totals = [quoted(cell) for cell in row if _TOTALS.search(normal(cell))]
    if totals:
        return Refusal(
            f"None of the questions is here. {listed(totals, limit=_MOST_SHOWN)} "
            f"{'looks like a total' if len(totals) == 1 else 'look like totals'}",
            f"Totals cannot be used; we need each answer. Send the file with a column for each question. {wanted}",
        )
    shown = _shown(row, known)
    if any(role == "pupil" for cell in row for role, _ in known.roles(cell)):
        numbered = _numbered(row, known)
        if len(numbered) > 2 and len(numbered) != len(known.needed):
            return Refusal(
                f"The pupil codes are here and {len(numbered)} numbered questions, from {quoted(numbered[0])} to "
                f"{quoted(numbered[-1])}, but the plan asks {len(known.needed)}",
                "This looks like another version of the questionnaire, and answers to two versions are never mixed. "
                "Send the answers to the questions of the plan. If these are among them: "
                f"{wanted[0].lower()}{wanted[1:]}",
            )
        others = f". The other headings are {shown}" if shown else ""
        return Refusal(
            f"The pupil codes are here, but none of the questions{others}", f"Send the file with each answer. {wanted}"
        )
    return Refusal(f"{_NO_HEADING}. The first row reads: {shown}", wanted)


def _numbered(row: Sequence[str], known: Known) -> list[str]:
    """Headings that carry the numbers 1, 2, 3 and so on, such as q1 to q12; empty where they do not run on."""
    free = [plain(cell) for cell in row if cell.strip() and not known.roles(cell)]
    found = [(int(match[1]), one) for one in free if (match := re.fullmatch(r"\D{0,20}?(\d{1,3})\.?", one))]
    return [one for _, one in found] if [place for place, _ in found] == list(range(1, len(found) + 1)) else []


def _holds_answers(sheet: RawSheet) -> bool:
    """Whether the first row is like the rows below it, or holds what no heading holds."""
    return any(
        cell.strip() and (_DATA.search(plain(cell)) or UPN.match(plain(cell)) or _is_like_those_below(sheet, place))
        for place, cell in enumerate(sheet.rows[0])
    )


def _is_like_those_below(sheet: RawSheet, place: int) -> bool:
    """Whether the cell stands in its column again, or is built like all that stand there (Ann Lee, Bo Khan)."""
    cell = plain(sheet.rows[0][place])
    below = [plain(row[place]) for row in sheet.rows[1:] if place < len(row) and row[place].strip()]
    shape = _shape(cell)
    return cell in below or (len(shape) > 2 and len(below) > 1 and all(_shape(other) == shape for other in below))


def _shape(text: str) -> str:
    """Runs of capitals, small letters and digits each as one sign: OF001 is A9, Ann Lee is Aa Aa."""
    signs = ("9" if one.isdigit() else "A" if one.isupper() else "a" if one.isalpha() else one for one in text)
    return re.sub(r"(.)\1+", r"\1", "".join(signs))


def _shown(row: Sequence[str], known: Known) -> str:
    """Headings with their letters, those that look like questions first; what is known already is left out."""
    filled = [(place, plain(cell)) for place, cell in enumerate(row) if cell.strip()]
    free = [(place, cell) for place, cell in filled if not known.roles(cell)]
    free.sort(key=lambda one: not _QUESTION.search(one[1]))
    return listed([f"{letter(place)} {quoted(cell)}" for place, cell in free], limit=_MOST_SHOWN)
