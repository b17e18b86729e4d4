"""Groups over the waves: a class that is missing the second time, pupils about whom the files say different things."""

from collections.abc import Sequence

import pandas as pd

from evalkit.intake.normal import counted, listed, quoted
from evalkit.intake.pupils import code_key, shown_code
from evalkit.records.evaluation import Study
from evalkit.records.responses import Problem, Upload

_FEWEST_IN_GROUP = 3
_MOST_NAMED = 12
_MOST_GROUPS = 200


def group_problems(uploads: Sequence[Upload], study: Study) -> list[Problem]:
    """Warn of groups of pupils who all answered only the first time, and of facts that changed between the waves."""
    frames = [upload.responses.assign(_file=upload.source.file) for upload in uploads if len(upload.responses)]
    if not frames:
        return []
    frame = pd.concat(frames, ignore_index=True)
    items = [column for column in frame.columns if "." in column]
    frame = frame[frame[items].notna().any(axis="columns")].assign(
        _key=lambda rows: [code_key(str(code)) for code in rows["pupil"]]
    )
    labels = {one.id: one.label for one in (*study.plan.pupil_facts, *study.plan.school_facts)}
    labels |= {name: name.capitalize() for name in ("school", "class")}
    named = [name for name in labels if name in frame.columns]
    problems: list[Problem] = []
    for name in named:
        problems += _absent(frame, name, labels[name], study)
    if not study.plan.has_groups:
        for name in (one for one in named if one != "class"):  # classes are new every year
            problems += _moved(frame, name, labels[name])
    return problems


def _absent(frame: pd.DataFrame, name: str, label: str, study: Study) -> list[Problem]:
    """Groups of the first wave of whom nobody is in the last one."""
    first, last = study.plan.waves[0], study.plan.waves[-1]
    later = set(frame.loc[frame["wave"] == last.id, "_key"])
    before = frame[(frame["wave"] == first.id) & frame[name].notna() & (frame[name] != "")]
    sizes = before.groupby(name)["_key"].nunique()
    if not later or len(sizes) < 2 or len(sizes) > _MOST_GROUPS:
        return []
    came = before[before["_key"].isin(later)].groupby(name)["_key"].nunique()
    gone = [str(group) for group, size in sizes.items() if size >= _FEWEST_IN_GROUP and group not in came.index]
    if not gone or len(gone) == len(sizes):
        return []
    pupils = int(sum(sizes[group] for group in gone))
    files = listed(list(dict.fromkeys(frame.loc[frame["wave"] == last.id, "_file"])))
    return [
        Problem(
            "warn", "group_absent", files,
            "If their answers were collected, add the file. If not, there is nothing to do: the report says how many "
            "pupils left.",
            found=f"Nobody of {label} {listed([quoted(one) for one in gone], limit=_MOST_NAMED)} "
            f"({counted(pupils, 'pupil')} at '{first.label}') answered at '{last.label}'",
        )
    ]  # fmt: skip


def _moved(frame: pd.DataFrame, name: str, label: str) -> list[Problem]:
    """Pupils about whom the waves say different things, such as one who moved to another school."""
    given = frame.loc[frame[name].notna() & (frame[name] != ""), ["_key", "pupil", name, "_file"]]
    kinds = given[["_key", name]].drop_duplicates()
    several = set(kinds.loc[kinds["_key"].duplicated(), "_key"])
    if not several:
        return []
    mine = given[given["_key"].isin(several)]
    codes = list(dict.fromkeys(shown_code(str(code)) for code in mine["pupil"]))
    codes = list({code.casefold(): code for code in codes}.values())
    return [
        Problem(
            "warn", "fact_differs", listed(list(dict.fromkeys(mine["_file"]))),
            "evalkit uses what the first file says. If that is wrong, correct it. If pupils moved, there is nothing to "
            "do.",
            found=f"'{label}' is not the same at both times for {counted(len(several), 'pupil')}: "
            f"{listed(codes, limit=_MOST_NAMED)}",
        )
    ]  # fmt: skip
