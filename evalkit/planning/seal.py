"""Seal a plan before the outcome data are attached, and list what was changed afterwards."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import pandas as pd

from evalkit import __version__
from evalkit.errors import DesignError, SpecError
from evalkit.records.allocation import record_text
from evalkit.records.chain import canonical_json, sha256_of
from evalkit.records.evaluation import Study
from evalkit.records.seal import SEAL_FILE, SEAL_SCHEMA, Seal, load_seal
from evalkit.records.whole_file import write_whole

# What is filled in after the plan: where data and allocation are, what was delivered, the evaluator's later judgements.
NOT_SEALED: dict[str, Any] = {
    "data": True,
    "figures": True,
    "feedback": True,
    "data_protection": True,
    "registration": True,
    "delivery": {"delivered", "share_delivered", "source"},
    "trial": {"allocation", "security", "cost", "context", "checklist", "texts"},
}
NOTHING = "(nothing)"


SEAL_COLUMNS = ("sealed", "sha256", "outcome_files")
DEVIATION_COLUMNS = ("key", "what", "kind", "sealed", "now")


@dataclass(frozen=True, slots=True)
class Deviation:
    """One key of the plan that is not as sealed.

    Attributes
    ----------
    key : where it stands in the plan, such as outcomes.reading.role
    kind : changed, added or removed
    sealed, now : its value then and now, in words
    """

    key: str
    kind: Literal["changed", "added", "removed"]
    sealed: str
    now: str

    @property
    def what(self) -> str:
        """The key as a reader sees it."""
        words = " › ".join(part.replace("_", " ") for part in self.key.split("."))
        return words[:1].upper() + words[1:]


@dataclass(frozen=True, slots=True)
class SealComparison:
    """A plan beside its seal.

    Attributes
    ----------
    seal : Seal
    deviations : what was changed since, key by key; empty when nothing was
    """

    seal: Seal
    deviations: tuple[Deviation, ...]

    @property
    def unchanged(self) -> bool:
        """Whether the plan is as sealed."""
        return not self.deviations

    def tidy(self) -> pd.DataFrame:
        """A row per deviation: `key what kind sealed now`."""
        rows = [(one.key, one.what, one.kind, one.sealed, one.now) for one in self.deviations]
        return pd.DataFrame(rows, columns=list(DEVIATION_COLUMNS), dtype="str")


def seal(
    study: Study,
    *,
    to: str | Path | None = None,
    stated_date: str | None = None,
    deposit: str | None = None,
    after_data: bool = False,
) -> Seal:
    """Write `seal.json`: the plan as it stands, and its hash.

    Parameters
    ----------
    study : the evaluation with its instruments; a registration in the plan goes into the seal
    to : where to write; `seal.json` beside the plan when left out
    stated_date : today's date as you state it; evalkit does not read a clock, and calls it "as stated" unless the plan
        has a registration or `deposit` is given
    deposit : where the hash was deposited with somebody else, such as a DOI
    after_data : seal although outcome data are there already; the seal says so

    Returns
    -------
    Seal

    Raises
    ------
    DesignError
        Outcome data are there already, or another seal is: a change after sealing is a deviation, not a new seal.
    """
    path = study.folder / SEAL_FILE if to is None else Path(to)
    present = outcome_files(study)
    if present and not after_data:
        raise DesignError(
            f"{study.plan.id}: outcome data are there already ({', '.join(present)}), so a seal cannot show that "
            "the plan came first. Take them out of 'data:' until the plan is sealed, or seal with 'after_data' "
            "(--after-data): the seal then says so."
        )
    content, instruments = _content(study), _instruments(study)
    registration = study.plan.registration
    made = Seal(
        schema=SEAL_SCHEMA,
        evaluation=study.plan.id,
        evalkit=__version__,
        sha256=_hash(content, instruments),
        instruments=instruments,
        content=content,
        stated_date=stated_date,
        registry=None if registration is None else registration.registry,
        registry_id=None if registration is None else registration.id,
        deposit=deposit,
        outcome_files=present,
    )
    _refuse_second_seal(path, made)
    write_whole(path, record_text(made))
    return made


def compare_with_seal(study: Study, *, sealed: str | Path | None = None) -> SealComparison:
    """List what was changed in the plan since it was sealed.

    Parameters
    ----------
    study : the evaluation as it is now
    sealed : the seal; `seal.json` beside the plan when left out

    Returns
    -------
    SealComparison

    Raises
    ------
    SpecError
        There is no seal, or it was changed itself.
    DesignError
        The seal is of another evaluation.
    """
    path = study.folder / SEAL_FILE if sealed is None else Path(sealed)
    found = load_seal(path)
    if found.sha256 != _hash(found.content, found.instruments):
        raise SpecError(f"{path}: the seal was changed after it was made. Restore it from a copy.")
    if found.evaluation != study.plan.id:
        raise DesignError(
            f"{path}: the seal is of '{found.evaluation}', the plan is '{study.plan.id}'. Use its own seal."
        )
    written = study.plan.model_dump(mode="json", by_alias=True, exclude=NOT_SEALED, exclude_unset=True)
    changes = _deviations(found.content, _content(study), written, "")
    old, new = set(found.instruments), set(_instruments(study))
    changes += [Deviation("instruments", "removed", one, NOTHING) for one in sorted(old - new)]
    changes += [Deviation("instruments", "added", NOTHING, one) for one in sorted(new - old)]
    return SealComparison(found, tuple(changes))


def seal_displays(study: Study) -> dict[str, pd.DataFrame]:
    """What a report shows of the seal: `seal` and `deviations`; nothing when the plan is not sealed.

    Returns
    -------
    dict of frames
        `seal`: one row, `sealed` (the date, in words that claim no more than is known), `sha256` and `outcome_files`
        that were there already. `deviations`: as `SealComparison.tidy`.

    Raises
    ------
    SpecError, DesignError
        As `compare_with_seal`.
    """
    if not (study.folder / SEAL_FILE).exists():
        return {}
    found = compare_with_seal(study)
    row = (found.seal.date_words, found.seal.sha256, ", ".join(found.seal.outcome_files))
    return {
        "seal": pd.DataFrame([row], columns=list(SEAL_COLUMNS), dtype="str"),
        "deviations": found.tidy(),
    }


def outcome_files(study: Study) -> tuple[str, ...]:
    """Files of the plan that are there and hold, or may hold, answers of a later wave than the first."""
    data = study.plan.data
    if data is None:
        return ()
    first = study.plan.waves[0].id
    later = [file.path for file in data.files if file.wave != first]
    named = [*later, *([data.release] if data.release else [])]
    return tuple(one for one in named if (study.folder / one).exists())


def _content(study: Study) -> dict[str, Any]:
    """The plan as plain JSON values, without what is filled in later."""
    content = study.plan.model_dump(mode="json", by_alias=True, exclude=NOT_SEALED)
    if content.get("trial"):
        content["trial"]["assumed"] = [one for one in content["trial"]["assumed"] if one["stage"] == "protocol"]
    return content


def _instruments(study: Study) -> tuple[str, ...]:
    return tuple(sorted(one.identity for one in study.instruments))


def _hash(content: Mapping[str, Any], instruments: tuple[str, ...]) -> str:
    return sha256_of(canonical_json({"plan": content, "instruments": list(instruments)}))


def _refuse_second_seal(path: Path, made: Seal) -> None:
    if not path.exists():
        return
    before = load_seal(path)
    if before.model_copy(update={"evalkit": made.evalkit}) != made:
        what = "with the same plan but other particulars" if before.sha256 == made.sha256 else "of another plan"
        raise DesignError(
            f"{path}: there is a seal already, {what}. It stays: changes after it are listed as deviations. If a new "
            "version of the plan was agreed before any outcome data, seal it into another file with 'to' (--to)."
        )


def _deviations(sealed: object, now: object, written: object, key: str) -> list[Deviation]:
    """Compare key by key.

    `written` is what the plan says itself, without defaults: a key that only a later evalkit knows, and that the plan
    does not use, is no deviation.
    """
    old, new = _keyed(sealed), _keyed(now)
    if old is not None and new is not None:
        own = _keyed(written) or {}
        changes: list[Deviation] = []
        for name in dict.fromkeys((*new, *old)):
            if name in old or name in own:
                place = f"{key}.{name}" if key else name
                changes += _deviations(old.get(name), new.get(name), own.get(name), place)
        return changes
    if sealed == now or (_is_nothing(sealed) and _is_nothing(now)):
        return []
    kind = "removed" if _is_nothing(now) else "added" if _is_nothing(sealed) else "changed"
    return [Deviation(key, kind, _words(sealed), _words(now))]


def _is_nothing(value: object) -> bool:
    return value is None or value in ([], {})


def _keyed(value: object) -> dict[str, object] | None:
    """Keys and values of a mapping; of a list of mappings by their ids or, without ids, their places; else None."""
    if isinstance(value, Mapping):
        return {str(name): one for name, one in cast("Mapping[object, object]", value).items()}
    if not isinstance(value, list) or not value:
        return None
    entries = cast("list[object]", value)
    if not all(isinstance(one, dict) for one in entries):
        return None
    ids = [cast("dict[str, object]", one).get("id") for one in entries]
    named = all(isinstance(one, str) for one in ids) and len(set(ids)) == len(ids)
    names = [str(one) for one in (ids if named else range(1, len(entries) + 1))]
    return dict(zip(names, entries, strict=True))


def _words(value: object) -> str:
    if _is_nothing(value):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(_words(one) for one in cast("list[object]", value))
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value).items()
        return ", ".join(
            f"{str(name).replace('_', ' ')}: {_words(one)}" for name, one in entries if not _is_nothing(one)
        )
    return json.dumps(value, ensure_ascii=False)
