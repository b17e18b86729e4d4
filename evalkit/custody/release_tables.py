"""The files of a release: tables, codebook, metadata and manifest, written and read back."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from evalkit.custody.codebook import CODEBOOK_FILE, codebook, open_data_metadata
from evalkit.records.evaluation import Study
from evalkit.records.release import Manifest, ReleasedFile

RESPONSES = "responses"
ROSTER = "roster"
SCHOOLS = "schools"
CSV_ROWS = 5_000


class Participation(NamedTuple):
    """How many pupils are in each wave, in all of them, and in one only."""

    waves: dict[str, int]
    linked: int
    only_in: dict[str, int]


def participation(roster: pd.DataFrame, waves: Sequence[str]) -> Participation:
    """Count the pupils of a roster by the waves they are in."""
    present = roster[[f"in_{wave}" for wave in waves]].astype(bool)
    alone = present.sum(axis="columns") == 1
    return Participation(
        {wave: int(present[f"in_{wave}"].sum()) for wave in waves},
        int(present.all(axis="columns").sum()),
        {wave: int((present[f"in_{wave}"] & alone).sum()) for wave in waves},
    )


def manifest_text(manifest: Manifest) -> str:
    """The manifest as it stands in the folder."""
    return (
        json.dumps(manifest.model_dump(mode="json", by_alias=True, exclude_none=True), indent=1, sort_keys=True) + "\n"
    )


def identity(manifest: Manifest) -> str:
    """The hash of the data and of what they were made from; the same whichever version of evalkit froze them."""
    bare = manifest.model_copy(update={"evalkit": "", "documents": None})
    return hashlib.sha256(manifest_text(bare).encode("utf-8")).hexdigest()


def write_documents(folder: Path, tables: dict[str, pd.DataFrame], study: Study) -> tuple[ReleasedFile, ...]:
    """The codebook, and metadata in the DfE's form for each table."""
    frames = {CODEBOOK_FILE: codebook(tables, study)}
    frames |= {f"{name}.meta.csv": open_data_metadata(table, study) for name, table in tables.items()}
    for name, frame in frames.items():
        frame.to_csv(folder / name, index=False, encoding="utf-8", lineterminator="\n")
    return tuple(
        ReleasedFile(name=name, sha256=sha256_of_file(folder / name), rows=len(frame)) for name, frame in frames.items()
    )


def write_table(folder: Path, name: str, frame: pd.DataFrame) -> ReleasedFile:
    """Write a table as CSV, or as Parquet where it is long."""
    if len(frame) <= CSV_ROWS:
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    else:
        path = folder / f"{name}.parquet"
        frame.to_parquet(path, index=False)
    numbers = tuple(str(name) for name, dtype in frame.dtypes.items() if str(dtype).lower() == "float64")
    return ReleasedFile(name=path.name, sha256=sha256_of_file(path), rows=len(frame), numbers=numbers or None)


def read_table(path: Path, numbers: Sequence[str]) -> pd.DataFrame:
    """Read a table back with the dtypes it was written with; `numbers` are the columns of decimal numbers."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    for column in frame.columns:
        if path.stem == ROSTER and column.startswith("in_"):
            frame[column] = frame[column] == "True"
        elif column in numbers:
            values = [float(text) if text else None for text in frame[column]]
            frame[column] = pd.Series(values, dtype="Float64" if "." in column else "float64")
        elif "." in column:
            frame[column] = pd.to_numeric(frame[column].replace("", None)).astype("Int16")
        elif column not in ("pupil", "wave"):
            frame[column] = frame[column].replace("", None)
    return frame


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
