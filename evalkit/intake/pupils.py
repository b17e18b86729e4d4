"""Pupil codes: kept as text, checked, never guessed."""

import re
from collections import defaultdict
from collections.abc import Mapping as Codes
from collections.abc import Sequence, Set

from evalkit.intake.code_checks import check_characters
from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.normal import counted, listed, plain, quoted, yaml_text
from evalkit.intake.numbers import SHEET_ERROR
from evalkit.records.mapping import Mapping
from evalkit.records.responses import Choice, Question
from evalkit.records.trial_notes import key_of

UPN = re.compile(r"[A-HJ-NP-RT-Z]\d{11}[0-9A-HJ-NP-RT-Z]\Z", re.IGNORECASE)
_NEARLY_UPN = re.compile(r"[A-Z]?[0-9OIS][0-9OIS -]{9,}[A-Z]?\Z", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_NAME = re.compile(r"[A-Z][a-zà-ÿ'’-]+,? +(?:[A-Z][a-zà-ÿ'’-]+ *)+\Z")
_STRANGE = re.compile(r"^[=+@]|[<>|{}\"`]")
_WHOLE = re.compile(r"(\d+)[.,]0+\Z")
_MOST_NAMED = 8
_SCIENTIFIC = re.compile(r"\d[.,]\d+E\+\d+\Z", re.IGNORECASE)


def code_key(code: str) -> str:
    """Two codes are the same pupil's when their keys are equal: capitals make no difference."""
    return code.casefold()


def is_private(code: str) -> bool:
    """Whether the code is a UPN, even a mistyped one, or an e-mail address, which no message may repeat."""
    return bool(UPN.match(code) or _NEARLY_UPN.match(code) or _EMAIL.match(code))


def shown_code(code: str) -> str:
    """A code as a message may show it; a UPN or an e-mail address is never repeated."""
    return "(not shown)" if is_private(code) else quoted(code, limit=30)


def read_codes(
    cells: Sequence[str],
    numbers: Sequence[int],
    column: Column,
    *,
    mapping: Mapping | None,
    pseudonyms: bool = False,
    findings: Findings,
) -> tuple[list[str], int]:
    """Clean the pupil codes of a file.

    Parameters
    ----------
    pseudonyms : whether releases hold pseudonyms in place of the codes, so that UPNs and addresses may be codes

    Returns
    -------
    The code of each row, "" where there is none, and how many rows the mapping file gave another code.
    """
    cells = _without_errors(cells, numbers, column, findings)
    codes = [_tidy(cell) for cell in cells]
    _say_tidied(cells, codes, numbers, column, findings)
    meant = {code_key(_tidy(typed)): _tidy(code) for typed, code in mapping.codes.items()} if mapping else {}
    joined = sum(code_key(meant.get(code_key(code), code)) != code_key(code) for code in codes)
    codes = [meant.get(code_key(code), code) for code in codes]
    codes = _one_spelling(check_characters(codes, numbers, column, findings), numbers, column, findings)
    lost = {number for one in findings.problems if one.kind == "code_is_error" for number in one.rows}
    blank = [number for number, code in zip(numbers, codes, strict=True) if not code and number not in lost]
    if blank:
        findings.add(
            "error",
            "no_pupil_code",
            "The pupil code is missing",
            "Type the pupil's code, or delete the row. Until then these answers are left out.",
            rows=blank,
            columns=[column.index],
            header=column.header,
        )
    _say_private(codes, numbers, column, findings, pseudonyms=pseudonyms)
    _say_strange(codes, numbers, column, findings)
    return codes, joined


def _without_errors(cells: Sequence[str], numbers: Sequence[int], column: Column, findings: Findings) -> Sequence[str]:
    """The cells, those blank in which a formula failed, as one that looks pupils up does."""
    failed = {place for place, cell in enumerate(cells) if cell[:1] == "#" and SHEET_ERROR.match(plain(cell))}
    if not failed:
        return cells
    findings.add(
        "error",
        "code_is_error",
        "The error of a formula stands here and not a pupil code",
        "Type the pupil's code. Until then these answers are left out.",
        rows=[numbers[place] for place in sorted(failed)],
        columns=[column.index],
        header=column.header,
    )
    return ["" if place in failed else cell for place, cell in enumerate(cells)]


def _say_strange(codes: Sequence[str], numbers: Sequence[int], column: Column, findings: Findings) -> None:
    """Codes that hold a formula or markup."""
    rows = [number for number, code in zip(numbers, codes, strict=True) if _STRANGE.search(code)]
    if rows:
        findings.add(
            "warn",
            "code_strange",
            "The pupil code holds signs that codes do not have, such as = or <",
            "evalkit treats it as plain text. Compare it with your list, and type the right code.",
            rows=rows,
            columns=[column.index],
            header=column.header,
        )


def _tidy(cell: str) -> str:
    code = plain(cell)
    number = _WHOLE.match(code)
    return number.group(1) if number else code


def _say_tidied(
    cells: Sequence[str], codes: Sequence[str], numbers: Sequence[int], column: Column, findings: Findings
) -> None:
    rows = [number for number, cell, code in zip(numbers, cells, codes, strict=True) if code and cell != code]
    if rows:
        findings.add(
            "fixed",
            "code_tidied",
            "Codes have blanks around them, hidden characters or '.0' at the end",
            "evalkit took these off. Nothing to do.",
            rows=rows,
            columns=[column.index],
            header=column.header,
        )


def _one_spelling(codes: Sequence[str], numbers: Sequence[int], column: Column, findings: Findings) -> list[str]:
    """Where one code is typed with and without capitals, keep the first spelling."""
    first: dict[str, str] = {}
    spelled = [first.setdefault(code_key(code), code) for code in codes]
    rows = [number for number, code, one in zip(numbers, codes, spelled, strict=True) if code != one]
    if rows:
        findings.add(
            "fixed",
            "code_capitals",
            "The same codes are typed once with capitals and once without",
            "evalkit takes them for the same pupils. Nothing to do.",
            rows=rows,
            columns=[column.index],
            header=column.header,
        )
    return spelled


def _say_private(
    codes: Sequence[str], numbers: Sequence[int], column: Column, findings: Findings, *, pseudonyms: bool
) -> None:
    """Codes that say who the pupil is: UPNs and addresses only where releases hold pseudonyms."""
    mend = "Use codes that say nothing about the pupil, such as P001, and keep the list of who is who in school."
    told = (
        "The release will hold pseudonyms in their place. Nothing to do."
        if pseudonyms
        else f"{mend} Or let the plan make pseudonyms (data_protection: pseudonymise: true)."
    )
    for kind, pattern, what in (
        ("upn_as_code", UPN, "Unique Pupil Numbers (UPNs)"),
        ("email_as_code", _EMAIL, "e-mail addresses"),
        ("name_as_code", _NAME, "what look like pupils' names"),
    ):
        rows = [number for number, code in zip(numbers, codes, strict=True) if pattern.match(code)]
        if rows:
            findings.add(
                "warn" if pseudonyms or kind == "name_as_code" else "error",
                kind,
                f"The pupil codes are {what}",
                mend if kind == "name_as_code" else told,
                rows=rows,
                columns=[column.index],
                header=column.header,
            )


def report_dated_codes(
    dates: Sequence[tuple[int, int]], numbers: Sequence[int], column: Column, findings: Findings
) -> None:
    """Codes that the spreadsheet program turned into dates, such as 3-4."""
    kept = set(numbers)
    rows = [row for row, where in dates if where == column.index and row in kept]
    if rows:
        findings.add(
            "error",
            "code_turned_into_date",
            "The pupil code is a date. Your spreadsheet program turned what was typed (such as 3-4) into one",
            "Format the column as Text, then type the codes again.",
            rows=rows,
            columns=[column.index],
            header=column.header,
        )


def report_codes_as_numbers(
    cells: Sequence[str],
    numbers: Sequence[int],
    column: Column,
    *,
    scientific: Sequence[tuple[int, int]],
    findings: Findings,
) -> None:
    """Codes such as 1E5, which spreadsheet programs turn into 100000 and show as 1.00E+05."""
    turned = {row for row, where in scientific if where == column.index}
    rows = [
        number
        for number, cell in zip(numbers, cells, strict=True)
        if number in turned or _SCIENTIFIC.match(plain(cell))
    ]
    if rows:
        findings.add(
            "warn",
            "code_turned_into_number",
            "The pupil code is a number such as 1.00E+05. Spreadsheet programs make it of codes such as 1E5",
            "Compare it with your list. If it is wrong, format the column as Text, then type the codes again.",
            rows=rows,
            columns=[column.index],
            header=column.header,
        )


def in_two_schools(
    keys: Sequence[tuple[str, str]],
    schools: Sequence[str],
    numbers: Sequence[int],
    column: Column,
    findings: Findings,
) -> set[int]:
    """Say in one go which pupils stand in more than one school at a time.

    Returns the places of their rows, which must be left out.

    Parameters
    ----------
    keys : pupil code and wave of each response
    schools : the school of each response, or nothing where the file has no schools
    numbers : row numbers
    """
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, ((code, wave), school) in enumerate(zip(keys, schools, strict=False)):
        if school:
            places[code_key(code), wave].append(place)
    moved: dict[str, list[int]] = defaultdict(list)
    for (code, _), some in places.items():
        if len({key_of(schools[place]) for place in some}) > 1:
            moved[code] += some
    if not moved:
        return set()
    told: list[str] = []
    questions: list[Question] = []
    for some in moved.values():
        code = keys[some[0]][0]
        home = {key_of(schools[place]): schools[place] for place in some}
        told.append(f"{shown_code(code)} in {listed(list(home.values()))}")
        rows = list(dict.fromkeys(numbers[place] for place in some))
        questions.append(Question(f"Which row of {shown_code(code)} counts?", _choices_of_rows(code, rows)))
    more = f" and {len(told) - _MOST_NAMED} more" if len(told) > _MOST_NAMED else ""
    findings.add(
        "ask",
        "pupil_in_two_schools",
        f"{counted(len(told), 'pupil')} {'stands' if len(told) == 1 else 'stand'} here in more than one school: "
        f"{'; '.join(told[:_MOST_NAMED])}{more}",
        "A pupil counts in one school: the one in which he or she was when the groups were formed, whatever happened "
        "later. Delete the other row, or correct its code if it belongs to another pupil. Until then none of these "
        "rows is used.",
        rows=sorted({numbers[place] for some in moved.values() for place in some}),
        columns=[column.index],
        header=column.header,
        questions=questions,
    )
    return {place for some in moved.values() for place in some}


def same_pupil_twice(
    keys: Sequence[tuple[str, str]],
    answers: Sequence[Sequence[object]],
    numbers: Sequence[int],
    column: Column,
    *,
    wave_labels: Codes[str, str],
    facts: Sequence[Sequence[object]] = (),
    settled: Set[int] = frozenset(),
    findings: Findings,
) -> set[int]:
    """Find pupils who stand twice in a wave.

    Parameters
    ----------
    keys : pupil code and wave of each response
    answers : everything else that the response says
    facts : what it says of the pupil (year, sex, ...): where that differs too, they are probably two pupils
    numbers : row numbers
    settled : places of which something else has been said

    Returns
    -------
    The places that must be left out: the repeats of equal answers, and ALL rows where the answers differ.
    """
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, (code, wave) in enumerate(keys):
        if place not in settled:
            places[code_key(code), wave].append(place)
    several_waves = len({wave for _, wave in places}) > 1
    left_out: set[int] = set()
    equal: list[int] = []
    for (_, wave), twice in places.items():
        if len(twice) < 2:
            continue
        if all(answers[place] == answers[twice[0]] for place in twice[1:]):
            left_out |= set(twice[1:])
            equal += [numbers[place] for place in twice[1:]]
        else:
            left_out |= set(twice)
            when = f" in '{wave_labels[wave]}'" if several_waves else ""
            siblings = bool(facts) and len({tuple(facts[place]) for place in twice}) > 1
            rows = [numbers[place] for place in twice]
            _ask_which_row(keys[twice[0]][0], when, rows, column, findings, siblings=siblings)
    if equal:
        findings.add(
            "fixed",
            "row_repeated",
            "The same pupil stands here again with the same answers",
            "evalkit keeps one row. Nothing to do.",
            rows=equal,
            columns=[column.index],
            header=column.header,
        )
    return left_out


def _ask_which_row(
    code: str, when: str, rows: list[int], column: Column, findings: Findings, *, siblings: bool
) -> None:
    times = "twice" if len(rows) == 2 else f"{len(rows)} times"
    found = yaml_text(code) if shown_code(code) == quoted(code, limit=30) else "CODE"
    findings.add(
        "ask",
        "pupil_twice",
        f"The pupil code {shown_code(code)} stands here {times}{when}, with different answers"
        + (" and different facts about the pupil: perhaps two pupils, such as siblings, share it" if siblings else ""),
        "Which row counts? Delete the other one, or correct its code if it belongs to another pupil. Until then none "
        f"of these rows is used. Or write in a mapping file which row to leave out: corrections: [{{row: {rows[0]}, "
        f"found: {found}, action: leave_out_row, reason: WHY}}].",
        rows=rows,
        columns=[column.index],
        header=column.header,
        questions=[Question(f"Which row of {shown_code(code)} counts{when}?", _choices_of_rows(code, rows))],
    )


def _choices_of_rows(code: str, rows: Sequence[int]) -> tuple[Choice, ...]:
    """Keep one row and leave the others out; or leave all out."""
    if is_private(code):
        return ()
    reason = "the code stands twice, another row counts"
    lines = [{"row": row, "found": code, "action": "leave_out_row", "reason": reason} for row in rows]
    keep = [Choice(f"Row {row}", {"corrections": [line for line in lines if line["row"] != row]}) for row in rows]
    return (*keep, Choice("None of them", {"corrections": lines}))
