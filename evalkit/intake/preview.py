"""What the columns of a file were taken for, in a few lines that a person can check at a glance."""

from collections import defaultdict
from collections.abc import Sequence

from evalkit.intake.findings import short_header
from evalkit.intake.normal import column_index, letters, listed
from evalkit.records.responses import ColumnRead, Upload

_NAMES = {"pupil": "pupil codes", "wave": "time", "school": "school", "class": "class", "arm": "arm"}
_MOST_NAMED = 6


def preview_lines(upload: Upload) -> list[str]:
    """One line for what is used, and one for what is left out.

    Examples
    --------
    Used: pupil codes (A), calm8, 8 questions (B to I), fsm (J).
    """
    used: dict[str, list[ColumnRead]] = defaultdict(list)
    left: list[ColumnRead] = []
    for one in upload.columns:
        if one.kind == "item":
            instrument, _, _ = one.target.partition(".")
            used[f"{instrument}{f' {one.wave}' if one.wave else ''}"].append(one)
        elif one.kind in _NAMES:
            used[_NAMES[one.kind]].append(one)
        elif one.kind in ("characteristic", "compliance"):
            used[one.target].append(one)
        elif one.kind != "asked" and one.header:
            left.append(one)
    lines = [f"Used: {', '.join(_used(name, columns) for name, columns in used.items())}."] if used else []
    if left:
        lines.append(f"Left out: {_left(left)}.")
    return lines


def _used(name: str, columns: Sequence[ColumnRead]) -> str:
    where = letters(column_index(one.column) for one in columns)
    is_questions = len(columns) > 1 and all(one.kind == "item" for one in columns)
    count = f", {len(columns)} questions" if is_questions else ""
    return f"{name}{count} ({where})"


def _left(columns: Sequence[ColumnRead]) -> str:
    return listed([f"'{short_header(one.header)}' ({one.column})" for one in columns], limit=_MOST_NAMED)
