"""Make a draw again from its certificate, and check lists, allocations and ledgers against it."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from evalkit.errors import DesignError, EvalkitError, SpecError
from evalkit.planning.ledger import LEDGER_FILE, read_ledger
from evalkit.planning.randomise import allocation_frame
from evalkit.planning.scheme import draw, prepare_draw
from evalkit.planning.schools import Values, read_schools, some
from evalkit.records.allocation import Certificate, allocation_sha256, load_certificate, plan_sha256
from evalkit.records.evaluation import EVALUATION_FILE
from evalkit.stats.allocation import ALGORITHM, ALGORITHM_VERSION, allocate

Redraw = Callable[[np.random.Generator], tuple[Hashable, ...]]


@dataclass(frozen=True, slots=True)
class CertificateCheck:
    """What making the draw again showed.

    Attributes
    ----------
    verdict : `same` or `changed`
    differences : why it is not the same, a sentence each
    certificate : Certificate
    """

    verdict: Literal["same", "changed"]
    differences: tuple[str, ...]
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class AllocationFacts:
    """What a randomisation test needs to repeat the draw; the fields are those of `analysis.mechanism.Mechanism`.

    Attributes
    ----------
    level : what was allocated
    units, arms : of all batches, those that left the trial too
    strata, pairs : of each unit, joined with its batch; empty where there are none, or where `redraw` holds them
    redraw : for minimisation and re-randomisation: a generator in, a new arm for every unit out
    """

    level: str
    units: tuple[str, ...]
    arms: tuple[Hashable, ...]
    strata: tuple[str, ...]
    pairs: tuple[str, ...]
    redraw: Redraw | None


def verify_certificate(
    certificate: str | Path,
    schools: str | Path | pd.DataFrame | None = None,
    *,
    allocation: str | Path | None = None,
    ledger: str | Path | None = None,
) -> CertificateCheck:
    """Make the draw again and say whether everything is the same.

    Parameters
    ----------
    certificate : the file
    schools : the list that was drawn from; without it the draw is repeated from what the certificate holds
    allocation : an allocation file to hold against the certificate
    ledger : the ledger in which the draw must stand

    Returns
    -------
    CertificateCheck

    Raises
    ------
    SpecError
        The certificate or the ledger cannot be read.
    """
    found = load_certificate(certificate)
    differences = [*_differences_within(found)]
    if schools is not None:
        differences += _list_differences(found, schools)
    if allocation is not None:
        differences += _allocation_differences(Path(allocation), found)
    if ledger is not None:
        differences += _ledger_differences(Path(ledger), found)
    return CertificateCheck("changed" if differences else "same", tuple(differences), found)


def holds_draws(place: Path) -> bool:
    """Whether a place is a certificate, or a folder of draws rather than of an evaluation."""
    if place.is_file():
        return place.suffix == ".json"
    return not (place / EVALUATION_FILE).exists() and bool((place / LEDGER_FILE).exists() or _certificates_in(place))


def verify_draws(
    place: Path, schools: str | Path | pd.DataFrame | None = None, *, allocation: str | Path | None = None
) -> dict[str, CertificateCheck]:
    """Make one draw again, or all draws of a folder, with the allocation and the ledger that stand beside.

    Parameters
    ----------
    place : a certificate, or the folder that `randomise` filled
    schools, allocation : as in `verify_certificate`; for one certificate only

    Returns
    -------
    dict
        Name of the certificate's file to its check.

    Raises
    ------
    SpecError
        A certificate or the ledger cannot be read.
    DesignError
        A certificate that the ledger names is not there, or a list is given for several certificates.
    """
    files = [place] if place.is_file() else _certificates_in(place)
    if place.is_dir():
        here = {file.name for file in files}
        gone = sorted({one.certificate for one in read_ledger(place / LEDGER_FILE)} - here)
        if gone:
            raise DesignError(f"{place}: the ledger names {some(gone)}, which is not there. Restore it from a copy.")
    if len(files) > 1 and (schools is not None or allocation is not None):
        raise DesignError(
            f"{place}: {len(files)} certificates are here. A list or an allocation belongs to one: name its file."
        )
    return {file.name: _verify_with_neighbours(file, schools, allocation) for file in files}


def _certificates_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("certificate-*.json"))


def _verify_with_neighbours(
    file: Path, schools: str | Path | pd.DataFrame | None, allocation: str | Path | None
) -> CertificateCheck:
    ledger = file.parent / LEDGER_FILE
    drawn = file.with_name(file.name.replace("certificate-", "allocation-")).with_suffix(".csv")
    beside = drawn if drawn.is_file() else None
    return verify_certificate(
        file, schools, allocation=allocation or beside, ledger=ledger if ledger.is_file() else None
    )


def load_allocation(path: str | Path, certificate: str | Path) -> pd.DataFrame:
    """Read an allocation file that must say what its certificate says.

    Returns
    -------
    frame
        As `Randomised.allocation`.

    Raises
    ------
    SpecError
        A file cannot be read.
    DesignError
        A school is missing, unknown, twice in the file, or in another arm than it was drawn for; all problems at once.
    """
    found = load_certificate(certificate)
    problems = _allocation_differences(Path(path), found)
    if problems:
        raise DesignError(
            f"{path}: the allocation is not the one that was drawn. Use the allocation file made with the certificate.",
            problems=problems,
        )
    return allocation_frame(found)


def allocation_facts(certificate: Certificate, *, labels: Mapping[str, Hashable] | None = None) -> AllocationFacts:
    """What a randomisation test needs of a certificate and of the batches before it.

    Parameters
    ----------
    certificate : Certificate
    labels : what the data call each arm, such as {"programme": 1, "control": 0}; the arms' ids when left out

    Raises
    ------
    DesignError
        When an arm has no label.
    """
    called = dict(labels) if labels is not None else {arm.id: arm.id for arm in certificate.plan.arms}
    nameless = [arm.id for arm in certificate.plan.arms if arm.id not in called]
    if nameless:
        raise DesignError(f"labels: the arm {' and '.join(nameless)} has no label. Give one for each arm.")
    batches = certificate.batches
    everyone = [(batch, one) for batch in batches for one in batch.units]
    drawn_again = any(batch.plan.method == "minimisation" or batch.plan.balance is not None for batch in batches)
    several = len(batches) > 1
    strata = tuple(f"batch {batch.plan.batch}: {one.stratum}" if several else one.stratum for batch, one in everyone)
    # Without pairs of its own, a batch among paired ones is a block by itself; its strata still hold.
    pairs = tuple(f"batch {batch.plan.batch}: {one.pair}" if several else one.pair for batch, one in everyone)
    return AllocationFacts(
        level=certificate.plan.unit,
        units=tuple(one.unit for _, one in everyone),
        arms=tuple(called[one.arm] for _, one in everyone),
        strata=strata if not drawn_again and (several or any(strata)) else (),
        pairs=pairs if not drawn_again and any(one.pair for _, one in everyone) else (),
        redraw=_redrawer(certificate, called) if drawn_again else None,
    )


def _redrawer(certificate: Certificate, labels: Mapping[str, Hashable]) -> Redraw:
    """Draw all batches again, one after the other, by the plan's procedure and with a generator's numbers."""

    def redraw(generator: np.random.Generator) -> tuple[Hashable, ...]:
        arms: list[str] = []
        before: Certificate | None = None
        for batch in certificate.batches:
            again = _batch_again(batch, before, entropy=(int(generator.integers(2**63)),))
            units = tuple(one.model_copy(update={"arm": arm}) for one, arm in zip(batch.units, again, strict=True))
            before = batch.model_copy(update={"units": units, "earlier": before})
            arms += again
        return tuple(labels[arm] for arm in arms)

    return redraw


def _batch_again(batch: Certificate, earlier: Certificate | None, *, entropy: tuple[int, ...] | None) -> list[str]:
    values: list[Values] = [dict(one.values) for one in batch.units]
    prepared = prepare_draw(batch.plan, [one.unit for one in batch.units], values, earlier=earlier)
    found = draw(batch.plan, prepared) if entropy is None else allocate(prepared.scheme, entropy=entropy)
    return [batch.plan.arms[arm].id for arm in found.arms.tolist()]


def _differences_within(certificate: Certificate) -> list[str]:
    """The certificate against itself: its hashes, and the draw made again; all batches."""
    differences: list[str] = []
    for batch in certificate.batches:
        where = f"Batch {batch.plan.batch}"
        if (batch.algorithm, batch.algorithm_version) != (ALGORITHM, ALGORITHM_VERSION):
            differences.append(
                f"{where} was drawn by {batch.algorithm} {batch.algorithm_version}, this is {ALGORITHM} "
                f"{ALGORITHM_VERSION}. Use evalkit {batch.evalkit} to make the draw again."
            )
            continue
        if plan_sha256(batch.plan) != batch.plan_sha256:
            differences.append(f"{where}: the plan in the certificate was changed after the draw.")
        if allocation_sha256(batch.units) != batch.allocation_sha256:
            differences.append(f"{where}: the arms in the certificate were changed after the draw.")
        try:
            arms = _batch_again(batch, batch.earlier, entropy=None)
        except EvalkitError as error:
            differences.append(f"{where}: the draw cannot be made again. {' '.join(error.problems)}")
            continue
        moved = [
            f"{one.unit} ({one.arm}, drawn again: {arm})"
            for one, arm in zip(batch.units, arms, strict=True)
            if one.arm != arm
        ]
        if moved:
            differences.append(f"{where}: another arm when drawn again: {some(moved)}.")
    return differences


def _list_differences(certificate: Certificate, schools: str | Path | pd.DataFrame) -> list[str]:
    try:
        now = read_schools(schools, certificate.plan)
    except EvalkitError as error:
        return [f"The list: {problem}" for problem in error.problems]
    if now.sha256 == certificate.list_sha256:
        return []
    old = {one.unit: one.values for one in certificate.units}
    new = dict(zip(now.units, now.values, strict=True))
    differences: list[str] = []
    if added := sorted(set(new) - set(old)):
        differences.append(f"The list has {certificate.plan.units} that were not on it: {some(added)}.")
    if gone := sorted(set(old) - set(new)):
        differences.append(f"The list has lost {certificate.plan.units}: {some(gone)}.")
    changed = [
        f"{unit} ({column}: {old[unit].get(column)!r} then, {value!r} now)"
        for unit in sorted(set(old) & set(new))
        for column, value in new[unit].items()
        if old[unit].get(column) != value
    ]
    if changed:
        differences.append(f"The list has other values: {some(changed)}.")
    return differences or ["The list is not the one that was drawn from."]


def _allocation_differences(path: Path, certificate: Certificate) -> list[str]:
    file = _read_allocation(path, certificate.plan.unit)
    unit = certificate.plan.unit
    drawn = {one.unit: one.arm for batch in certificate.batches for one in batch.units}
    twice = sorted(set(file.loc[file[unit].duplicated(), unit]))
    now = dict(zip(file[unit].tolist(), file["arm"].tolist(), strict=True))
    moved = [
        f"{one} (drawn: {drawn[one]}, file: {now[one]})"
        for one in sorted(drawn)
        if one in now and now[one] != drawn[one]
    ]
    lists = (
        ("stands more than once", twice),
        ("was not drawn", sorted(set(now) - set(drawn))),
        ("is missing", sorted(set(drawn) - set(now))),
        ("is in another arm", moved),
    )
    return [f"{path.name}: {unit} that {words}: {some(names)}." for words, names in lists if names]


def _read_allocation(path: Path, unit: str) -> pd.DataFrame:
    if not path.is_file():
        raise SpecError(f"{path}: there is no such file. Name the allocation file that was made with the certificate.")
    try:
        file = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        raise SpecError(f"{path}: this is not an allocation file. Use the one made with the certificate.") from None
    if not {unit, "arm"} <= set(file.columns):
        raise SpecError(f"{path}: an allocation has the columns '{unit}' and 'arm'. Found: {', '.join(file.columns)}.")
    return file


def _ledger_differences(path: Path, certificate: Certificate) -> list[str]:
    entries = read_ledger(path)
    own = [one for one in entries if one.certificate_sha256 == certificate.sha256]
    if not own:
        return [f"{path.name}: this draw does not stand in the ledger."]
    plan = certificate.plan
    others = [
        str(one.number)
        for one in entries
        if (one.randomisation, one.batch) == (plan.id, plan.batch)
        and one.allocation_sha256 != certificate.allocation_sha256
    ]
    if not others:
        return []
    return [f"{path.name}: batch {plan.batch} was drawn more than once, with other arms in entry {some(others)}."]
