"""Take a pupil's codes and corrections out of a mapping file."""

from collections.abc import Collection
from collections.abc import Mapping as Rows
from pathlib import Path

import yaml

from evalkit.records.mapping import Correction, Mapping, load_mapping
from evalkit.records.whole_file import write_whole


def decisions_about(path: Path, codes: Collection[str], rows: Rows[int, Collection[str]]) -> int:
    """How many decisions of a mapping file name one of the codes, or correct one of the rows."""
    before = load_mapping(path)
    after = _without(before, codes, rows)
    return len(before.codes) - len(after.codes) + len(before.corrections) - len(after.corrections)


def erase_from_mapping(path: Path, codes: Collection[str], rows: Rows[int, Collection[str]]) -> int:
    """Write the mapping file without them; its comments are lost.

    Parameters
    ----------
    path : the mapping file
    codes : the pupil's codes, typed and meant
    rows : row number -> cells of the rows that were the pupil's, in the file that the mapping belongs to

    Returns
    -------
    int - decisions taken out
    """
    count = decisions_about(path, codes, rows)
    if count:
        left = _without(load_mapping(path), codes, rows)
        content = left.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        write_whole(path, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return count


def _without(mapping: Mapping, codes: Collection[str], rows: Rows[int, Collection[str]]) -> Mapping:
    keys = {code.casefold() for code in codes}
    kept_codes = {
        typed: meant for typed, meant in mapping.codes.items() if not {typed.casefold(), meant.casefold()} & keys
    }
    kept = tuple(one for one in mapping.corrections if not _is_about(one, keys, rows))
    return mapping.model_copy(update={"codes": kept_codes, "corrections": kept})


def _is_about(one: Correction, keys: Collection[str], rows: Rows[int, Collection[str]]) -> bool:
    if one.found.casefold() in keys or (one.to or "").casefold() in keys:
        return True
    return one.row in rows and one.found.strip() in {cell.strip() for cell in rows[one.row]}
