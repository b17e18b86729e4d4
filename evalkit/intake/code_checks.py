"""Codes with a check character, ours and UPNs: what is mistyped is found, what was probably meant is asked."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.normal import quoted
from evalkit.records.identifiers import IdentifierReading, is_upn, read_pupil_code, read_upn

_SHARE = 0.5
_FEWEST = 3


def check_characters(codes: Sequence[str], numbers: Sequence[int], column: Column, findings: Findings) -> list[str]:
    """Check the codes, where at least half of them are codes that `evalkit codes` issued, or UPNs.

    Returns
    -------
    The codes as they are written properly: without blanks and hyphens inside, in capitals. Those that are wrong stay as
    they are, and are said: a mistyped code of ours is an error, a UPN of the wrong pattern is an error, a UPN whose
    first letter does not fit is a warning, because schools' systems hold such ones.
    """
    filled = [code for code in codes if code]
    if _are_mostly(filled, lambda code: read_pupil_code(code).ok):
        return _issued(codes, numbers, column, findings)
    if _are_mostly(filled, is_upn):
        return _upns(codes, numbers, column, findings)
    return list(codes)


def _are_mostly(codes: Sequence[str], fits: Callable[[str], bool]) -> bool:
    count = sum(map(fits, set(codes)))
    return count >= _FEWEST and count >= _SHARE * len(set(codes))


def _issued(codes: Sequence[str], numbers: Sequence[int], column: Column, findings: Findings) -> list[str]:
    wrong: dict[str, list[int]] = defaultdict(list)
    proper = [_proper(code, read_pupil_code(code), number, wrong) for code, number in zip(codes, numbers, strict=True)]
    for code, rows in wrong.items():
        reading = read_pupil_code(code)
        if reading.suggestion:
            severity, kind = "ask", "code_misread"
            mend = f"If {reading.suggestion} is meant, type it. Until then it counts as another pupil's."
        elif reading.verdict == "check_wrong":
            severity, kind = "error", "code_mistyped"
            mend = "Compare it with the class list and type it again."
        else:
            severity, kind = "warn", "code_of_another_kind"
            mend = "The other codes are those that were handed out. If this pupil has one, type it; else leave it."
        findings.add(
            severity, kind, f"{quoted(code)}: {reading.message}", mend, rows=rows, columns=[column.index],
            header=column.header,
        )  # fmt: skip
    return proper


def _upns(codes: Sequence[str], numbers: Sequence[int], column: Column, findings: Findings) -> list[str]:
    wrong: dict[str, list[int]] = defaultdict(list)
    proper = [_proper(code, read_upn(code), number, wrong) for code, number in zip(codes, numbers, strict=True)]
    faults: dict[tuple[str, str], list[int]] = defaultdict(list)
    for code, rows in wrong.items():
        reading = read_upn(code)
        faults[reading.verdict, reading.message] += rows
    for (verdict, message), rows in faults.items():
        is_pattern = verdict == "pattern_wrong"
        findings.add(
            "error" if is_pattern else "warn",
            "upn_pattern" if is_pattern else "upn_letter",
            message[:1].upper() + message[1:],
            "Correct it from your school's system." if is_pattern else "Otherwise there is nothing to do.",
            rows=rows,
            columns=[column.index],
            header=column.header,
        )
    return proper


def _proper(code: str, reading: IdentifierReading, number: int, wrong: dict[str, list[int]]) -> str:
    if code and not reading.ok:
        wrong[code].append(number)
    return reading.value or code
