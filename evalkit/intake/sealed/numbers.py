"""Numbers of a workbook -> the text that the spreadsheet shows: 4.0 is 4, 7 in the format 000 is 007."""

import datetime
import math
import re
from typing import Literal

Shape = Literal["plain", "noughts", "date", "duration", "scientific"]

_BUILT_IN: dict[int, Shape] = {
    **dict.fromkeys((*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)), "date"),
    46: "duration",
    11: "scientific",
    48: "scientific",
}
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_NOUGHTS = re.compile(r"0{2,20}")
_LAST_SERIAL = 2_958_466  # the day after 31 December 9999
_DAY = 86_400
_FIRST_YEAR = 366
_LONGEST_CODE = 255  # the longest format that Excel takes


def shape_of(number_format: int, codes: dict[int, str]) -> tuple[Shape, int]:
    """What a number format makes of a number; with noughts in front, how many digits."""
    code = codes.get(number_format, "")[:_LONGEST_CODE]
    if not code:
        return _BUILT_IN.get(number_format, "plain"), 0
    if _NOUGHTS.fullmatch(code):
        return "noughts", len(code)
    first = _LITERALS.sub("", code.partition(";")[0]).casefold()
    if re.search(r"\[(?:h+|m+|s+)\]", first):
        return "duration", 0
    if re.search("[dmyhs]", first.replace("general", "")):
        return "date", 0
    return ("scientific", 0) if re.search(r"0e[+-]?0", first) else ("plain", 0)


def shown_number(written: str) -> str:
    """A number as it is written in the file, without `.0`, and with no more than the 15 digits a spreadsheet has."""
    if written.isdecimal() and written.isascii() and (written[0] != "0" or written == "0"):
        return written
    try:
        value = float(written)
    except ValueError:
        return written
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.15g}"


def noughts(written: str, digits: int) -> str:
    """7 in the format 000 is 007."""
    shown = shown_number(written)
    return shown.zfill(digits) if shown.isdecimal() else shown


def dated(written: str, *, since_1904: bool) -> str:
    """The date, the time of day or both that a serial number stands for; empty when it is none."""
    seconds = _seconds(written)
    if seconds is None or not 0 <= seconds < _LAST_SERIAL * _DAY:
        return ""
    days, rest = divmod(seconds, _DAY)
    time = f"{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
    if days == 0 and not (since_1904 and not rest):
        return time
    if since_1904:
        start = datetime.date(1904, 1, 1)
    else:
        # Excel counts a 29 February 1900 that never was, as serial 60.
        start = datetime.date(1899, 12, 31) if days < 60 else datetime.date(1899, 12, 30)
    try:
        day = (start + datetime.timedelta(days=days)).isoformat()
    except OverflowError:
        return ""
    return f"{day} {time}" if rest else day


def small_number(written: str) -> str:
    """1 to 366 where a date is shown: nobody means a day of the year 1900, so it is a number in the wrong format."""
    shown = shown_number(written)
    return shown if shown.isdecimal() and 1 <= int(shown) <= _FIRST_YEAR else ""


def lasted(written: str) -> str:
    """Hours, minutes and seconds of a duration in days; empty when it is none."""
    seconds = _seconds(written)
    if seconds is None or abs(seconds) >= _LAST_SERIAL * _DAY:
        return ""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def _seconds(written: str) -> int | None:
    try:
        value = float(written)
    except ValueError:
        return None
    return round(value * _DAY) if math.isfinite(value) else None
