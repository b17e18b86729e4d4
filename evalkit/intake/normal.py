"""Text made comparable: how two headers or two answers are judged to be the same."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

_NUMBERING = re.compile(
    r"^\s*(?:page\s*\d{1,3}\s*[.:-]\s*)?(?:question|item|qu|q)?\s*\d{1,3}(?:\.\d{1,3}){0,3}\s*(?:[.):\]–—-]+|\s)\s*(?=\D)",
    re.IGNORECASE,
)
_CODED = re.compile(r"^\s*([A-Za-z]\w*(?:\[\w+\])?)\.\s+(?=\S)")
_BRACKETS = re.compile(r"\[([^\[\]]+)\]\s*$")
_WORDS_OF_AN_ITEM = 3
_MOST_RUNS = 12
_RUNS_SHOWN = 3


def plain(text: str) -> str:
    """The text without blanks around it, invisible characters, hard blanks or full-width forms."""
    if text.isascii() and text.isprintable():
        return text.strip()
    folded = unicodedata.normalize("NFKC", text)
    return "".join(
        " " if character.isspace() else character
        for character in folded
        if character.isspace() or unicodedata.category(character)[0] != "C"
    ).strip()


def normal(text: str) -> str:
    """The words alone: no capitals, no punctuation, single blanks."""
    letters = (character if character.isalnum() else " " for character in plain(text).casefold())
    return " ".join("".join(letters).split())


def header_forms(text: str) -> list[str]:
    """The forms under which a header is looked up: whole, without its number, and the row of a grid.

    Google writes STEM [ROW], Qualtrics STEM - ROW, LimeSurvey CODE. TEXT or CODE. STEM [ROW].
    """
    forms = [text]
    coded = _CODED.match(plain(text))
    if coded:
        forms.append(plain(text)[coded.end() :])
    row = _BRACKETS.search(plain(text))
    if row:
        forms.append(row.group(1))
    stem, dash, item = plain(text).rpartition(" - ")
    if dash and stem and len(item.split()) >= _WORDS_OF_AN_ITEM:
        forms.append(item)
    forms += [_NUMBERING.sub("", plain(form), count=1) for form in list(forms)]
    return list(dict.fromkeys(form for form in map(normal, forms) if form))


def rows_of_grid(text: str) -> list[str]:
    """What may be the row in STEM - ROW, or in ROW:STEM as Alchemer writes it, made comparable."""
    stem, dash, item = plain(text).rpartition(" - ")
    row, colon, question = plain(text).partition(":")
    found = [normal(item)] if dash and len(stem.split()) >= _WORDS_OF_AN_ITEM - 1 else []
    found += [normal(row)] if colon and len(question.split()) >= _WORDS_OF_AN_ITEM - 1 else []
    return [one for one in found if one]


def opening(text: str) -> str:
    """The first sentence of a long heading, without its number and without what stands in brackets behind it."""
    bare = _NUMBERING.sub("", plain(text), count=1)
    return normal(re.split(r"[.?!:]\s|[(\n]", bare, maxsplit=1)[0])


def code_of(text: str) -> str:
    """The code in front of LimeSurvey's CODE. TEXT, made comparable; "" where there is none."""
    found = _CODED.match(plain(text))
    return normal(found.group(1)) if found else ""


def letter(index: int) -> str:
    """The letter a spreadsheet shows for a column, counted from 0."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """The column, counted from 0, of the letters a spreadsheet shows; -1 when they are none."""
    if not re.fullmatch(r"[A-Za-z]{1,3}", letters.strip()):
        return -1
    index = 0
    for one in letters.strip().upper():
        index = index * 26 + ord(one) - 64
    return index - 1


def letters(columns: Iterable[int]) -> str:
    """Columns as a person would name them: F, or F and H, or F to K; where they are too scattered, the first ones."""
    ordered = sorted(set(columns))
    runs: list[list[int]] = []
    for column in ordered:
        if runs and column == runs[-1][-1] + 1:
            runs[-1].append(column)
        else:
            runs.append([column])
    parts = [
        part
        for run in runs
        for part in ([f"{letter(run[0])} to {letter(run[-1])}"] if len(run) > 2 else [letter(one) for one in run])
    ]
    if len(parts) <= _MOST_RUNS:
        return listed(parts)
    return _cut(runs, len(ordered))


def _cut(runs: Sequence[Sequence[int]], count: int) -> str:
    """The first three runs of columns and how many more there are."""
    first = [f"{letter(run[0])} to {letter(run[-1])}" if len(run) > 1 else letter(run[0]) for run in runs[:_RUNS_SHOWN]]
    return f"{', '.join(first)} and {count - sum(len(run) for run in runs[:_RUNS_SHOWN])} more"


def listed(words: Sequence[str], *, last: str = "and", limit: int = 12) -> str:
    """Words joined as in a sentence; a long list is cut and says so."""
    shown = list(words[:limit])
    if len(words) > limit:
        return f"{', '.join(shown)} and {len(words) - limit} more"
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}"


def quoted(text: str, *, limit: int = 60) -> str:
    """Text from a file as a message may show it: in quotes, without control characters, cut when long."""
    shown = plain(text)
    return f"'{shown[:limit]}...'" if len(shown) > limit else f"'{shown}'"


def yaml_text(text: str) -> str:
    """Text as a quoted key or value of a mapping file, to be copied from a message as it is."""
    return "'" + plain(text).replace("'", "''") + "'"


def counted(count: int, singular: str, plural: str = "") -> str:
    """1 row, 2 rows."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
