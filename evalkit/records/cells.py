"""Cells on their way out of evalkit: no spreadsheet program may take a text for a formula.

Whatever writes text that people typed into CSV or a workbook passes each cell through `harmless_cell`; when the file
comes back, the reader takes the mark off with `bare_cell`.
"""

import re
import unicodedata

_MARK = "'"
_STARTS = "=+-@"
_BREAKS = "\t\r\n"
_PLAIN = re.compile(r"(?:[+-]?\d{1,15}(?:[.,]\d{1,15})?|-{1,3})\Z", re.ASCII)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def harmless_cell(text: str) -> str:
    """The text as a cell may hold it: marked by an apostrophe where a spreadsheet program could take it for a formula.

    Parameters
    ----------
    text : what somebody typed; numbers such as -99, and dashes, are left as they are

    Returns
    -------
    str - signs that no workbook can hold are left out. `bare_cell` gives the text back.

    Notes
    -----
    Marked are texts that begin, after blanks and invisible signs, with = + - @ or their full-width forms, or that begin
    with a tab or a line break (OWASP, CSV injection; ASVS 1.2.10); and texts that already look marked.

    Examples
    --------
    >>> harmless_cell("=HYPERLINK(A1)"), harmless_cell("-99"), harmless_cell("Agree")
    ("'=HYPERLINK(A1)", '-99', 'Agree')
    """
    kept = _CONTROLS.sub("", text)
    return f"{_MARK}{kept}" if _is_risky(kept) or _is_marked(kept) else kept


def bare_cell(text: str) -> str:
    """The text without the mark that `harmless_cell` set.

    Examples
    --------
    >>> bare_cell("'=1+1"), bare_cell("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if _is_marked(text) else text


def _is_marked(text: str) -> bool:
    rest = text.lstrip(_MARK)
    return len(rest) < len(text) and _is_risky(rest)


def _is_risky(text: str) -> bool:
    if not text or _PLAIN.match(text):
        return False
    if text[0] in _BREAKS:
        return True
    for sign in text:
        if not (sign.isspace() or unicodedata.category(sign)[0] in "CZ"):
            return unicodedata.normalize("NFKC", sign)[:1] in _STARTS
    return False
