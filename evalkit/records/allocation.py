"""Randomisation as frozen records: the plan made before the list, the certificate of a draw, the ledger of draws."""

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from evalkit.records.chain import ChainedEntry, canonical_json, sha256_of
from evalkit.records.instrument import Identifier
from evalkit.records.spec_file import Faults, KeyPath, Spec, read_spec

CERTIFICATE_SCHEMA = "evalkit-certificate/1"
Method = Literal["simple", "stratified", "pairs", "minimisation"]
Criterion = Literal["max_smd", "mahalanobis"]


class ArmShare(Spec):
    """An arm and its share of the schools: shares 2 and 1 give the first arm two of three."""

    id: Identifier
    label: str
    share: int = Field(default=1, ge=1, le=100)


class Stratum(Spec):
    """A column that makes strata, or a factor of the minimisation; `values` are those that may stand there."""

    column: str
    values: tuple[str, ...] = ()


class Pairs(Spec):
    """Matched pairs: as given in a column, or made here of the schools that are nearest on some columns."""

    column: str | None = None
    match_on: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.column) == bool(self.match_on):
            raise ValueError("give either 'column', which holds the pairs, or 'match_on', columns to make pairs with")
        return self


class Balance(Spec):
    """Draw again until the arms are alike on these columns, `most_draws` times at most."""

    columns: tuple[str, ...] = Field(min_length=1)
    criterion: Criterion = "max_smd"
    at_most: float = Field(gt=0)
    most_draws: int = Field(default=1000, ge=2, le=1_000_000)


class Seed(Spec):
    """The seed, and the public source that fixed it before anybody saw the list of schools."""

    value: int = Field(ge=0)
    source: str = Field(min_length=1)
    fixed_on: str | None = None


class Exclusion(Spec):
    """A school on the list that is not allocated, and why."""

    school: str
    reason: str = Field(min_length=1)


class RandomisationPlan(Spec):
    """`randomisation.yaml`: everything that decides an allocation but the list itself."""

    schema_: Literal["evalkit-randomisation/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    unit: Identifier = "school"
    id_column: str
    sheet: str | None = None
    arms: tuple[ArmShare, ...] = Field(min_length=2)
    method: Method
    strata: tuple[Stratum, ...] = ()
    pairs: Pairs | None = None
    follow: float = Field(default=0.8, gt=0.5, le=1)
    balance: Balance | None = None
    show_balance: tuple[str, ...] = ()
    small_strata: Literal["stop", "accept"] = "stop"
    seed: Seed
    batch: int = Field(default=1, ge=1)
    exclude: tuple[Exclusion, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _has_seed(cls, data: Any) -> Any:
        if isinstance(data, dict) and "seed" not in data:
            raise ValueError(
                "the seed is missing; add 'seed:' with 'value' (a whole number) and 'source' (where the number comes "
                "from, fixed before the list of schools was known, such as a lottery draw on a date named beforehand)"
            )
        return data  # pyright: ignore[reportUnknownVariableType]

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = [*self._arm_faults(), *self._method_faults()]
        if faults:
            raise Faults(faults)
        return self

    def _arm_faults(self) -> list[tuple[KeyPath, str]]:
        faults: list[tuple[KeyPath, str]] = []
        for name, ids in (
            ("arms", [arm.id for arm in self.arms]),
            ("strata", [one.column for one in self.strata]),
            ("exclude", [one.school for one in self.exclude]),
        ):
            twice = sorted({one for one in ids if ids.count(one) > 1})
            if twice:
                faults.append(((name,), f"'{twice[0]}' stands twice; keep one of the two"))
        shares = [arm.share for arm in self.arms]
        if math.gcd(*shares) > 1:
            faults.append((("arms",), f"the shares {shares} have a common factor; write them in lowest terms"))
        if self.id_column in (*self.drawn_columns, *self.show_balance):
            faults.append((("id_column",), f"'{self.id_column}' names the {self.units}; it cannot also be balanced on"))
        if self.unit in ("arm", "batch", "stratum", "pair"):
            faults.append((("unit",), f"'{self.unit}' is a column of the allocation itself; name what is allocated"))
        return faults

    def _method_faults(self) -> list[tuple[KeyPath, str]]:
        faults: list[tuple[KeyPath, str]] = []
        if self.method in ("stratified", "minimisation") and not self.strata:
            faults.append((("method",), f"the method {self.method} needs 'strata', one column at least"))
        if self.method == "simple" and self.strata:
            faults.append((("strata",), "the method simple has no strata; use stratified, or leave them out"))
        if (self.method == "pairs") != (self.pairs is not None):
            faults.append((("method",), "the method pairs and the key 'pairs' go together; give both or neither"))
        if self.pairs is not None and self.pairs.match_on and [arm.share for arm in self.arms] != [1, 1]:
            faults.append(
                (("pairs", "match_on"), "pairs are made for two equal arms; for others give the sets in a column")
            )
        if self.balance is not None and self.method == "minimisation":
            faults.append((("balance",), "minimisation balances by itself; leave 'balance' out, or use another method"))
        return faults

    @property
    def units(self) -> str:
        """What is allocated, in the plural."""
        return f"{self.unit}es" if self.unit.endswith(("s", "x", "ch")) else f"{self.unit}s"

    @property
    def number_columns(self) -> tuple[str, ...]:
        """Columns the draw reads as numbers."""
        match_on = self.pairs.match_on if self.pairs is not None else ()
        return tuple(dict.fromkeys((*match_on, *(self.balance.columns if self.balance is not None else ()))))

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Columns the draw reads as text: strata, factors, given pairs."""
        given = (self.pairs.column,) if self.pairs is not None and self.pairs.column else ()
        return tuple(dict.fromkeys((*(one.column for one in self.strata), *given)))

    @property
    def drawn_columns(self) -> tuple[str, ...]:
        """All columns that the draw depends on."""
        return tuple(dict.fromkeys((*self.text_columns, *self.number_columns)))

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """Columns of the balance table: those named in `show_balance`, else those the draw depends on."""
        pairs = self.pairs.column if self.pairs is not None else None
        return self.show_balance or tuple(one for one in self.drawn_columns if one != pairs)


class AllocatedUnit(Spec):
    """A school, its arm, the stratum or pair it was drawn in, and what the draw knew of it."""

    unit: str
    arm: Identifier
    stratum: str = ""
    pair: str = ""
    values: dict[str, str | float] = Field(default_factory=dict)


class BalanceRow(Spec):
    """One line of the balance table: a column (and, for categories, a level) in one arm."""

    variable: str
    level: str = ""
    arm: Identifier
    n: int
    n_missing: int = 0
    mean: float | None = None
    sd: float | None = None
    count: int | None = None
    percent: float | None = None
    std_difference: float | None = None


class Certificate(Spec):
    """One draw, complete: anybody can make it again from this file, and see whether a list is the one used.

    It holds no clock time. `earlier` is the certificate of the batch before, whose allocations stay as they are.
    """

    schema_: Literal["evalkit-certificate/1"] = Field(alias="schema")
    plan: RandomisationPlan
    plan_sha256: str
    list_name: str
    list_sha256: str
    evalkit: str
    algorithm: str
    algorithm_version: int
    units: tuple[AllocatedUnit, ...] = Field(min_length=1)
    arms: dict[Identifier, int]
    draws: int = Field(ge=1)
    balance_value: float | None = None
    allocation_sha256: str
    balance: tuple[BalanceRow, ...] = ()
    stated_date: str | None = None
    earlier: "Certificate | None" = None

    @property
    def batches(self) -> "tuple[Certificate, ...]":
        """This batch and all before it, the first one first."""
        return (*(self.earlier.batches if self.earlier is not None else ()), self)

    @property
    def sha256(self) -> str:
        """The identity of the certificate: SHA-256 of its text."""
        return sha256_of(record_text(self))


class LedgerEntry(ChainedEntry):
    """One draw in the ledger. Each entry names the hash of the one before, so that none can be taken out unseen.

    `draw` counts the draws of the same plan and batch; `same_as` is an earlier draw with the very same outcome.
    """

    randomisation: str
    batch: int = Field(ge=1)
    draw: int = Field(ge=1)
    same_as: int | None = None
    reason: str | None = None
    seed: int
    seed_source: str
    plan_sha256: str
    list_sha256: str
    allocation_sha256: str
    certificate_sha256: str
    certificate: str
    stated_date: str | None = None


def load_randomisation(path: str | Path) -> RandomisationPlan:
    """Read `randomisation.yaml`. Raises SpecError naming every problem with its line."""
    return read_spec(Path(path), RandomisationPlan)


def load_certificate(path: str | Path) -> Certificate:
    """Read a certificate. Raises SpecError when the file is missing or is not one."""
    file = Path(path)
    try:
        return Certificate.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return read_spec(file, Certificate)  # slower, and says where the fault is


def record_text(record: Spec) -> str:
    """A record as it is written to disk: indented JSON, keys sorted, with a line end."""
    return (
        json.dumps(record.model_dump(mode="json", by_alias=True), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    )


def plan_sha256(plan: RandomisationPlan) -> str:
    """The identity of a plan: the hash of its content, whatever the layout and comments of its file."""
    return sha256_of(canonical_json(plan.model_dump(mode="json", by_alias=True)))


def allocation_sha256(units: tuple[AllocatedUnit, ...]) -> str:
    """The identity of an allocation: the hash of the pairs of unit and arm, in order of units."""
    return sha256_of(canonical_json(sorted((one.unit, one.arm) for one in units)))
