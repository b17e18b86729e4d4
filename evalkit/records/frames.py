"""What a person hands over in Python: a frame, a list of names; or a sentence on what was found instead."""

from collections.abc import Iterable

import pandas as pd

from evalkit.errors import EvalkitError


def need_frame(data: object, *, error: type[EvalkitError], called: str = "The data") -> pd.DataFrame:
    """The frame given, or an error when it is none."""
    if not isinstance(data, pd.DataFrame):
        verb = "are" if called.endswith(("data", "responses")) else "is"
        kind = type(data).__name__
        article = "an" if kind[0] in "aeioAEIO" else "a"
        raise error(f"{called} {verb} {article} {kind}. Give a pandas DataFrame, a row per pupil.")
    return data


def need_names(given: Iterable[str], *, called: str, error: type[EvalkitError]) -> tuple[str, ...]:
    """The names given as a list, or an error when one text stands where a list is meant."""
    if isinstance(given, str):
        raise error(f"{called}={given!r} is one text. Give a list of names: {called}=[{given!r}].")
    if not isinstance(given, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise error(f"{called} is a {type(given).__name__}. Give a list of names.")
    return tuple(given)
