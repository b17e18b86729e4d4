"""Two results of the same plan, compared: the same bytes, the same numbers, or changed."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from evalkit.records.release import Release
from evalkit.records.results import Results

RELATIVE_TOLERANCE = 1e-8
ABSOLUTE_TOLERANCE = 1e-10
Verdict = Literal["same_bytes", "same_numbers", "changed"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What a second run showed.

    Attributes
    ----------
    verdict : same_bytes; same_numbers (relative 1e-8, absolute 1e-10); changed
    environment : what differs in the environment (Python, packages, machine type), a sentence each
    changed_input : the first input that changed (a survey file, the plan, an instrument), or ""; it can change without
        changing a number
    differences : the values that differ, a sentence each: where, before, now
    changed_rows : where a release was kept beside the results: the rows of the data that differ (pupil code, wave and
        columns, never an answer), a sentence each
    """

    verdict: Verdict
    environment: tuple[str, ...] = ()
    changed_input: str = ""
    differences: tuple[str, ...] = ()
    changed_rows: tuple[str, ...] = ()

    @property
    def reproduced(self) -> bool:
        """Whether the numbers are the same."""
        return self.verdict != "changed"


def compare_results(before: Results, now: Results) -> Verification:
    """Compare the kept results with those of a second run."""
    if before.to_json() == now.to_json():
        return Verification("same_bytes")
    environment = _environment_differences(before, now)
    changed_input = _first_changed_input(before, now)
    differences = tuple(_differences(_comparable(before), _comparable(now), ""))
    verdict: Verdict = "changed" if differences else "same_numbers"
    return Verification(verdict, environment, changed_input, differences)


def changed_rows(before: Release, now: Release) -> tuple[str, ...]:
    """The rows of the released data that came, went or differ: pupil code, wave and columns, never an answer."""
    keys = ["pupil", "wave"]
    old, new = before.responses.set_index(keys).sort_index(), now.responses.set_index(keys).sort_index()
    old_keys, new_keys = set(old.index), set(new.index)
    rows = [(key, "is no longer there") for key in old_keys - new_keys]
    rows += [(key, "is new") for key in new_keys - old_keys]
    shared = sorted(old_keys & new_keys)
    columns = [column for column in old.columns if column in new.columns]
    differs = old.loc[shared, columns].astype("Float64").fillna(-1) != new.loc[shared, columns].astype(
        "Float64"
    ).fillna(-1)
    for key, row in zip(shared, differs.to_numpy(), strict=True):
        if row.any():
            changed = ", ".join(column for column, here in zip(columns, row, strict=True) if here)
            rows.append((key, f"differs in {changed}"))
    return tuple(f"pupil {pupil}, wave {wave}: {what}" for (pupil, wave), what in sorted(rows))


def _comparable(results: Results) -> dict[str, Any]:
    """The record without its provenance; tables as rows named by their text cells."""
    content = cast("dict[str, Any]", json.loads(results.to_json()))
    del content["provenance"]
    for name in ("estimates", "models"):
        content[name] = _named_rows(content[name])
    content["displays"] = {name: _named_rows(frame) for name, frame in content["displays"].items()}
    return content


def _named_rows(frame: Mapping[str, Any]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for values in frame["rows"]:
        row = dict(zip(frame["columns"], values, strict=True))
        name = " ".join(str(row[key]) for key in _ROW_NAMES if row.get(key)) or "row"
        rows[name if name not in rows else f"{name} ({len(rows) + 1})"] = row
    return rows


_ROW_NAMES = ("inquiry", "outcome", "scale", "item", "wave", "contrast", "estimator", "unit", "step", "answer", "low")


def _environment_differences(before: Results, now: Results) -> tuple[str, ...]:
    old = {**before.provenance.environment, "evalkit": before.provenance.evalkit}
    new = {**now.provenance.environment, "evalkit": now.provenance.evalkit}
    return tuple(
        f"{name}: {old.get(name, 'not recorded')} then, {new.get(name, 'not recorded')} now"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _first_changed_input(before: Results, now: Results) -> str:
    """In the order in which the road reads them: survey files, plan, instruments, release."""
    old_files, new_files = dict(before.provenance.sources), dict(now.provenance.sources)
    for name in dict.fromkeys([*old_files, *new_files]):
        if name not in new_files:
            return f"the survey file {name} is no longer used"
        if name not in old_files:
            return f"the survey file {name} is new"
        if old_files[name] != new_files[name]:
            return f"the survey file {name} has other content"
    if before.provenance.plan_sha256 != now.provenance.plan_sha256:
        changes = list(_differences(before.plan.model_dump(mode="json"), now.plan.model_dump(mode="json"), ""))
        return f"the plan: {changes[0]}" if changes else "the plan's file (only its comments or layout)"
    for name in dict.fromkeys([*before.provenance.instruments, *now.provenance.instruments]):
        if before.provenance.instruments.get(name) != now.provenance.instruments.get(name):
            return f"the instrument {name}"
    if before.provenance.release_sha256 != now.provenance.release_sha256:
        return "the data release (other decisions were taken on the same files)"
    return ""


def _differences(old: object, new: object, where: str) -> list[str]:
    leaf = [] if _same(old, new) else [f"{where}: {_shown(old)} then, {_shown(new)} now"]
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        olds, news = cast("Mapping[str, object]", old), cast("Mapping[str, object]", new)
        found: list[str] = []
        for key in dict.fromkeys([*olds, *news]):
            place = f"{where}, {key}" if where else str(key)
            if key not in news:
                found.append(f"{place}: is no longer there")
            elif key not in olds:
                found.append(f"{place}: is new")
            else:
                found += _differences(olds[key], news[key], place)
        return found
    if isinstance(old, list) and isinstance(new, list):
        olds, news = cast("list[object]", old), cast("list[object]", new)
        if len(olds) != len(news):
            return [f"{where}: {len(olds)} entries then, {len(news)} now"]
        return [
            one
            for index, pair in enumerate(zip(olds, news, strict=True), start=1)
            for one in _differences(*pair, f"{where}, {index}")
        ]
    return leaf


def _same(old: object, new: object) -> bool:
    numbers = (int, float)
    if isinstance(old, numbers) and isinstance(new, numbers) and not isinstance(old, bool):
        return math.isclose(old, new, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
    return old == new


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)
