"""What a release may say about who the pupils are: pseudonyms where the plan asks for them, never UPNs or addresses."""

import re
from collections.abc import Mapping

import pandas as pd

from evalkit.custody.keys import read_keys
from evalkit.custody.pseudonyms import pseudonyms
from evalkit.errors import UploadError
from evalkit.records.evaluation import Study
from evalkit.records.identifiers import read_upn

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PUPIL = "pupil"


def private_kind(text: str) -> str:
    """UPN or e-mail address, when the text is or holds one; else empty."""
    if read_upn(text).verdict != "pattern_wrong":
        return "a Unique Pupil Number"
    return "an e-mail address" if _EMAIL.search(text) else ""


def shown_code(code: str) -> str:
    """A pupil's code as a message may show it: UPNs and addresses never."""
    return "(not shown)" if private_kind(code) else code


def pseudonymised(tables: Mapping[str, pd.DataFrame], study: Study) -> dict[str, pd.DataFrame]:
    """The tables with pseudonyms in place of codes, if the plan asks for them.

    Rows are put in the order of the pseudonyms, within the waves, because the old order would tell about the codes.

    Raises
    ------
    SpecError
        There is no key.
    """
    protection = study.plan.data_protection
    if protection is None or not protection.pseudonymise:
        return dict(tables)
    key = read_keys(study.plan.id, data=study.folder).newest
    codes = {code for table in tables.values() if PUPIL in table for code in table[PUPIL]}
    names = pseudonyms(codes, key)
    order = {wave.id: place for place, wave in enumerate(study.plan.waves)}
    return {name: _renamed(table, names, order) for name, table in tables.items()}


def _renamed(table: pd.DataFrame, names: Mapping[str, str], order: Mapping[str, int]) -> pd.DataFrame:
    if PUPIL not in table:
        return table
    renamed = table.assign(**{PUPIL: table[PUPIL].map(names).astype("str")})
    keys = [renamed["wave"].map(order), renamed[PUPIL]] if "wave" in renamed else [renamed[PUPIL]]
    ranks = pd.concat(keys, axis="columns", keys=range(len(keys)))
    return renamed.loc[ranks.sort_values(list(ranks.columns)).index].reset_index(drop=True)


def refuse_private(tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse a release that would hold UPNs or e-mail addresses.

    Raises
    ------
    UploadError
        Naming table and column, and in how many rows; never what stands there.
    """
    problems: list[str] = []
    for name, table in tables.items():
        for column in table.columns:
            if table[column].dtype.kind in "biuf" or "." in str(column):
                continue
            cells = table[column].dropna().astype("str")
            kinds = cells.drop_duplicates().map(private_kind)
            for kind in sorted(set(kinds) - {""}):
                private = set(cells.drop_duplicates()[kinds == kind])
                count = int(cells.isin(private).sum())
                rows = "1 row holds" if count == 1 else f"{count} rows hold"
                problems.append(f"The {name}, column '{column}': {rows} {kind}.")
    if problems:
        raise UploadError(
            "A release never holds Unique Pupil Numbers or e-mail addresses. Where they are the pupils' codes: use "
            "other codes, or let the release hold pseudonyms ('data_protection: pseudonymise: true' in the plan, then "
            "'evalkit keys make'). In another column: take it out of the plan, or the cells out of the file.",
            problems=problems,
        )
