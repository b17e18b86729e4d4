"""A questionnaire as a frozen record: items, answer scales, scoring keys, and what is known about it.

A questionnaire stands in `instruments/ID/instrument.yaml`. One that exists in several versions (another printed order
with another key, another number of answers) stands in `instruments/ID/VERSION/instrument.yaml`, and whoever loads it
says which version is meant: there is no default.
"""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from evalkit.errors import SpecError
from evalkit.records.instrument_checks import instrument_faults
from evalkit.records.instrument_parts import (
    AgeRange,
    ChangeNote,
    HandScored,
    Identifier,
    Item,
    Licence,
    MissingRule,
    Norm,
    PublishedReliability,
    ResponseScale,
    Score,
    Source,
    Variant,
)
from evalkit.records.spec_file import Faults, Spec, read_spec
from evalkit.shipped import shipped

INSTRUMENT_SCHEMA = "evalkit-instrument/1"
NO_RULE_PUBLISHED = "No rule for missing answers was published; a score needs every answer (evalkit's choice)."


class Instrument(Spec):
    """One questionnaire in one version. Identity is id, version and answer scales: other versions are other measures.

    What the file knows but nobody verified (`verified: false`) is kept for the next person who looks, and reaches
    nothing else: use `verified_reliability`, `verified_norms` and `verified_age`.
    """

    schema_: Literal["evalkit-instrument/1"] = Field(alias="schema")
    id: Identifier
    version: str
    version_note: str | None = None
    title: str
    construct_: str = Field(alias="construct")
    respondent: Literal["pupil", "student", "pupil_or_adult", "staff", "adult"]
    age: AgeRange | None = None
    class_: Literal["A", "B", "C"] = Field(alias="class")
    wording: Literal["shipped", "withheld", "partly"]
    licence: Licence
    citation: str
    stem: str | None = None
    responses: dict[Identifier, ResponseScale]
    default_response: Identifier
    items: tuple[Item, ...] = Field(min_length=1)
    scores: tuple[Score, ...] = Field(min_length=1)
    no_composite: bool = False
    validated: bool = True
    lookup_tables: dict[Identifier, dict[int, float]] = Field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    bands: tuple[str, ...] = ()
    bands_note: str | None = None
    reliability: tuple[PublishedReliability, ...] = ()
    reliability_note: str | None = None
    norms: tuple[Norm, ...] = ()
    norms_note: str | None = None
    factor_structure: str | None = None
    change: ChangeNote | None = None
    caution: str | None = None
    prepost_caution: str | None = None
    verified: tuple[Source, ...] = ()
    tests: tuple[HandScored, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = instrument_faults(self)
        if faults:
            raise Faults(faults)
        return self

    @property
    def identity(self) -> str:
        """Text that is equal only for the same items, order, version and answer scales."""
        scales = ",".join(scale.span for scale in self.responses.values())
        return f"{self.id}@{self.version}[{scales}]"

    @property
    def is_measure(self) -> bool:
        """Whether it is one measured number and no questionnaire."""
        return len(self.items) == 1 and self.responses[self.default_response].decimals

    def item(self, item_id: str) -> Item:
        """The item with this id."""
        return next(item for item in self.items if item.id == item_id)

    def score(self, score_id: str) -> Score:
        """The score with this id. Raises SpecError naming the scores there are."""
        for score in self.scores:
            if score.id == score_id:
                return score
        names = ", ".join(score.id for score in self.scores)
        raise SpecError(f"{self.id} has no score '{score_id}'. Use one of: {names}.")

    def response_of(self, item_id: str) -> ResponseScale:
        """The answer scale of an item."""
        return self.responses[self.item(item_id).response or self.default_response]

    def items_of(self, score_id: str) -> tuple[str, ...]:
        """The ids of all items that a score needs, through other scores too, in the order of the questionnaire."""
        wanted = set(self.item_signs(score_id))
        return tuple(item.id for item in self.items if item.id in wanted)

    def item_signs(self, score_id: str) -> dict[str, bool]:
        """Every item that a score needs, through other scores too, and whether it is reversed; in order of the keys."""
        score = self.score(score_id)
        signs = {item: item in score.reversed_items for item in score.items}
        for part in score.parts:
            signs |= self.item_signs(part)
        return signs

    def missing_rule(self, score_id: str) -> MissingRule:
        """The rule for missing answers; where none was published, every item (or part score) is needed."""
        score = self.score(score_id)
        if score.missing is not None:
            return score.missing
        count = len(score.keys) or len(score.from_scores) or 1
        return MissingRule(rule="complete", min_items=count, note=NO_RULE_PUBLISHED)

    def range_of(self, score_id: str) -> tuple[float, float]:
        """The lowest and highest score there can be, from the file's `range` or from the answers allowed."""
        score = self.score(score_id)
        return score.range if score.range is not None else self.possible_range(score_id)

    def possible_range(self, score_id: str) -> tuple[float, float]:
        """The lowest and highest score that the answers allowed can give."""
        score = self.score(score_id)
        if score.method == "percent_in":
            return (0.0, 100.0)
        if score.method == "top_minus_bottom":
            return (-100.0, 100.0)
        if score.method == "lookup" and score.table is not None:
            values = self.lookup_tables[score.table].values()
            return (float(min(values)), float(max(values)))
        ends = [self.possible_range(part) for part in score.parts]
        if score.keys:
            scales = [self.response_of(item) for item in score.items]
            ends = [(float(scale.min), float(scale.max)) for scale in scales]
        low, high = sum(end[0] for end in ends), sum(end[1] for end in ends)
        if score.method == "mean":
            return (low / len(ends), high / len(ends))
        for step in score.transform:
            low, high = step.apply(low), step.apply(high)
        return (min(low, high), max(low, high))

    @property
    def verified_age(self) -> AgeRange | None:
        """The ages it was made for, where that was verified."""
        return self.age if self.age is not None and self.age.verified else None

    def verified_reliability(self, score_id: str) -> tuple[PublishedReliability, ...]:
        """The published reliabilities of a score that were verified; the only ones a report may show."""
        return tuple(one for one in self.reliability if one.verified and one.score == score_id)

    def verified_norms(self, score_id: str) -> tuple[Norm, ...]:
        """The published means of a score that were verified; the only ones a report may show."""
        return tuple(one for one in self.norms if one.verified and one.score == score_id)


def load_instrument(name: str | Path, *, version: str | None = None, beside: Path | None = None) -> Instrument:
    """Load a questionnaire by its id, or from a file.

    Parameters
    ----------
    name : the id of an instrument (`gse10`), its id with a version (`rses10@order-a`), or the path of an
        `instrument.yaml`
    version : which version, for an instrument that exists in several; no version is ever assumed
    beside : a folder whose own `instruments/ID/` comes before the shipped ones

    Raises
    ------
    SpecError
        There is no such instrument or version (the message lists those there are), a version must be chosen, or the
        file breaks a rule or does not carry the id and version of its folders.

    Examples
    --------
    >>> load_instrument("rses10", version="order-b").items_of("total")[:2]
    ('q1', 'q2')
    """
    if isinstance(name, Path) or name.endswith((".yaml", ".yml")):
        return _of_version(read_spec(Path(name), Instrument), version)
    instrument_id, _, named = name.partition("@")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", instrument_id):
        raise SpecError(f"'{name}' is not an instrument id. Use letters, digits and _ only, such as grit_s8.")
    wanted = version or named or None
    files = _files(instrument_id, beside)
    if not files:
        known = ", ".join(sorted({one.partition("@")[0] for one in instrument_ids()}))
        raise SpecError(f"There is no instrument '{instrument_id}'. Use one of: {known}, or add its file.")
    if None in files:
        return _of_version(_read_named(files[None], instrument_id), wanted)
    if wanted not in files:
        raise SpecError(_choose(instrument_id, wanted, list(files.values())))
    return _read_named(files[wanted], instrument_id)


def instrument_versions(name: str, *, beside: Path | None = None) -> tuple[str, ...]:
    """The versions among which a plan must choose, sorted; empty for an instrument with one version, or with none."""
    return tuple(sorted(version for version in _files(name, beside) if version is not None))


def instrument_file(instrument: Instrument, *, beside: Path | None = None) -> Path | None:
    """Where the file of this instrument in this version stands, one's own before the shipped ones; None for nowhere."""
    files = _files(instrument.id, beside)
    return files.get(None) or files.get(instrument.version)


def instrument_ids() -> list[str]:
    """The names of all shipped instruments, sorted: their ids, and `id@version` for those with several versions."""
    root = shipped("instruments")
    single = [path.parent.name for path in root.glob("*/instrument.yaml")]
    several = [f"{path.parent.parent.name}@{path.parent.name}" for path in root.glob("*/*/instrument.yaml")]
    return sorted(single + several)


def _files(instrument_id: str, beside: Path | None) -> dict[str | None, Path]:
    """The files of an instrument by version; by None where it has one version only. One's own folder comes first."""
    for folder in [*([beside / "instruments"] if beside else []), shipped("instruments")]:
        home = folder / instrument_id
        if (home / "instrument.yaml").is_file():
            return {None: home / "instrument.yaml"}
        versions = sorted(home.glob("*/instrument.yaml"))
        if versions:
            return {path.parent.name: path for path in versions}
    return {}


def _read_named(path: Path, name: str) -> Instrument:
    instrument = read_spec(path, Instrument)
    if instrument.id != name:
        folder = path.parent.name if path.parent.name == name else name
        raise SpecError(f"{path}: the id is '{instrument.id}' but the folder is called '{folder}'. Make them the same.")
    if path.parent.name not in (name, instrument.version):
        raise SpecError(
            f"{path}: the version is '{instrument.version}' but the folder is called '{path.parent.name}'. "
            "Make them the same."
        )
    return instrument


def _of_version(instrument: Instrument, wanted: str | None) -> Instrument:
    if wanted is not None and wanted != instrument.version:
        raise SpecError(
            f"{instrument.id}: there is no version '{wanted}'; the file is version '{instrument.version}'. "
            "Two versions are never mixed."
        )
    return instrument


def _choose(instrument_id: str, wanted: str | None, paths: list[Path]) -> str:
    """The sentence that lists the versions, how to tell them apart, and how to name one."""
    notes = [(path.parent.name, _read_named(path, instrument_id).version_note) for path in paths]
    listed = "; ".join(f"{version} ({(note or 'no note').rstrip('.')})" for version, note in notes)
    example = notes[0][0]
    found = f"has no version '{wanted}'" if wanted else "exists in several versions that are scored differently"
    return (
        f"{instrument_id} {found}. Use one of: {listed}. In a plan write 'version: {example}' beside "
        f"'instrument: {instrument_id}'; in Python load_instrument('{instrument_id}', version='{example}')."
    )
