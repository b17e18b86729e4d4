"""Allocate schools at random: the list in; the allocation, its certificate and a line in the ledger out."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from evalkit import __version__
from evalkit.errors import DesignError
from evalkit.planning.balance import balance_frame, balance_rows
from evalkit.planning.ledger import LEDGER_FILE, append_entry, next_entry, read_ledger, same_draw
from evalkit.planning.scheme import PreparedDraw, allocated_units, draw, prepare_draw
from evalkit.planning.schools import UnitList, read_schools, some
from evalkit.records.allocation import (
    CERTIFICATE_SCHEMA,
    Certificate,
    LedgerEntry,
    RandomisationPlan,
    allocation_sha256,
    load_certificate,
    load_randomisation,
    plan_sha256,
    record_text,
)
from evalkit.records.whole_file import write_whole
from evalkit.stats.allocation import ALGORITHM, ALGORITHM_VERSION, Allocation


@dataclass(frozen=True, slots=True)
class Randomised:
    """What a draw left behind.

    Attributes
    ----------
    allocation : frame - a row per unit of this batch and all before: the unit's ID, `arm`, `batch`, `stratum`, `pair`
    balance : frame - the arms compared at randomisation, this batch only
    certificate : Certificate
    entry : LedgerEntry - the line in the ledger; `entry.draw` above 1 says that it was not the first draw
    allocation_file, certificate_file : where they were written
    notes : what to know, a sentence each
    """

    allocation: pd.DataFrame
    balance: pd.DataFrame
    certificate: Certificate
    entry: LedgerEntry
    allocation_file: Path
    certificate_file: Path
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Randomised: {len(self.allocation)} units>"


def randomise(
    schools: str | Path | pd.DataFrame,
    plan: str | Path | RandomisationPlan,
    *,
    to: str | Path,
    earlier: str | Path | None = None,
    again_because: str | None = None,
    stated_date: str | None = None,
) -> Randomised:
    """Draw the allocation that the plan's seed gives for a list of schools.

    Parameters
    ----------
    schools : the list: a CSV or XLSX file with a header row, or a frame
    plan : `randomisation.yaml`, or the plan itself
    to : folder for allocation, certificate and ledger; made where it is missing. Keep one folder for one trial
    earlier : the certificate of the batch before, when this is a later batch; its allocations stay as they are
    again_because : why this batch is drawn again; without a reason a second draw with another outcome is refused
    stated_date : the date of the draw, as you state it; evalkit does not read a clock

    Returns
    -------
    Randomised

    Raises
    ------
    SpecError
        The plan, the list's file, the earlier certificate or the ledger cannot be read.
    DesignError
        The list cannot be allocated (see `read_schools`), the plan cannot be met (pairs of the wrong size, strata too
        small, a balance criterion that no draw meets), a school was allocated in an earlier batch, or the batch was
        drawn before.

    Notes
    -----
    Units are sorted by ID as text, so the order of rows does not matter. `stats.allocation.allocate` says how arms are
    drawn.
    The draw is entered in the ledger before any file is written.
    """
    spec = plan if isinstance(plan, RandomisationPlan) else load_randomisation(plan)
    before = None if earlier is None else load_certificate(earlier)
    _check_batch(spec, before)
    units = read_schools(schools, spec)
    _refuse_allocated(units, before, spec)
    prepared = prepare_draw(spec, units.units, units.values, earlier=before)
    certificate = _certify(spec, units, prepared, draw(spec, prepared), before, stated_date)
    folder = Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    entries = read_ledger(folder / LEDGER_FILE)
    certificate = _kept(folder, same_draw(entries, certificate)) or certificate
    nth = sum(one.randomisation == spec.id and one.batch == spec.batch for one in entries) + 1
    suffix = f"batch-{spec.batch}" + (f"-draw-{nth}" if nth > 1 else "")
    entry = next_entry(entries, certificate, file=f"certificate-{suffix}.json", again_because=again_because)
    certificate_file = folder / entry.certificate
    _refuse_unknown_draw(certificate_file, certificate)
    allocation_file = folder / entry.certificate.replace("certificate-", "allocation-").replace(".json", ".csv")
    append_entry(folder / LEDGER_FILE, entry)
    write_whole(certificate_file, record_text(certificate))
    allocation = allocation_frame(certificate)
    write_whole(allocation_file, allocation.to_csv(index=False, lineterminator="\n"))
    notes = (*prepared.notes, *_notes(spec, certificate, entry))
    return Randomised(
        allocation, balance_frame(certificate), certificate, entry, allocation_file, certificate_file, notes
    )


def allocation_frame(certificate: Certificate) -> pd.DataFrame:
    """All units of this batch and of those before, the first batch first, by ID within each."""
    rows = [
        {
            batch.plan.unit: one.unit,
            "arm": one.arm,
            "batch": batch.plan.batch,
            "stratum": one.stratum,
            "pair": one.pair,
        }
        for batch in certificate.batches
        for one in batch.units
    ]
    return pd.DataFrame(rows)


def _certify(
    plan: RandomisationPlan,
    units: UnitList,
    prepared: PreparedDraw,
    found: Allocation,
    earlier: Certificate | None,
    stated_date: str | None,
) -> Certificate:
    allocated = allocated_units(plan, units.units, units.values, prepared, found)
    arms = [one.arm for one in allocated]
    order = [arm.id for arm in plan.arms]
    counts = Counter(arms)
    return Certificate(
        schema=CERTIFICATE_SCHEMA,
        plan=plan,
        plan_sha256=plan_sha256(plan),
        list_name=units.name,
        list_sha256=units.sha256,
        evalkit=__version__,
        algorithm=ALGORITHM,
        algorithm_version=ALGORITHM_VERSION,
        units=allocated,
        arms={arm: counts[arm] for arm in order},
        draws=found.draws,
        balance_value=None if plan.balance is None else found.balance,
        allocation_sha256=allocation_sha256(allocated),
        balance=balance_rows(units.shown, arms, order=order),
        stated_date=stated_date,
        earlier=earlier,
    )


def _kept(folder: Path, same: LedgerEntry | None) -> Certificate | None:
    """The certificate of an earlier draw with the same outcome: it stays, with its date and version."""
    if same is None or not (folder / same.certificate).is_file():
        return None
    kept = load_certificate(folder / same.certificate)
    if kept.sha256 != same.certificate_sha256:
        raise DesignError(
            f"{folder / same.certificate}: the certificate was changed after the draw; the ledger has another "
            "hash. Restore it from a copy."
        )
    return kept


def _refuse_unknown_draw(path: Path, certificate: Certificate) -> None:
    if path.exists() and path.read_text(encoding="utf-8") != record_text(certificate):
        raise DesignError(
            f"{path}: a certificate stands here that is not in the ledger ({LEDGER_FILE}) beside it. Restore the "
            "ledger, or use another folder."
        )


def _check_batch(plan: RandomisationPlan, earlier: Certificate | None) -> None:
    if earlier is None:
        if plan.batch > 1:
            raise DesignError(
                f"The plan is for batch {plan.batch}. Give the certificate of batch {plan.batch - 1} as 'earlier' "
                "(--earlier), so that its allocations stay as they are."
            )
        return
    problems: list[str] = []
    if earlier.plan.id != plan.id:
        problems.append(f"The earlier certificate is of '{earlier.plan.id}', the plan is '{plan.id}'.")
    if earlier.plan.batch != plan.batch - 1:
        problems.append(
            f"The earlier certificate is of batch {earlier.plan.batch}, the plan of batch {plan.batch}. Batches "
            f"follow one another: the plan's 'batch' should be {earlier.plan.batch + 1}."
        )
    if [arm.id for arm in earlier.plan.arms] != [arm.id for arm in plan.arms]:
        problems.append("The arms are not those of the earlier batch. Use the same arms in the same order.")
    if earlier.plan.unit != plan.unit:
        problems.append(f"The earlier batch allocated {earlier.plan.units}, the plan {plan.units}. Use the same unit.")
    if problems:
        raise DesignError("The earlier batch and the plan do not fit.", problems=problems)


def _refuse_allocated(units: UnitList, earlier: Certificate | None, plan: RandomisationPlan) -> None:
    known = {one.unit: batch.plan.batch for batch in (earlier.batches if earlier else ()) for one in batch.units}
    again = [f"{unit} (batch {known[unit]})" for unit in units.units if unit in known]
    if again:
        raise DesignError(
            f"{units.name}: allocated already in an earlier batch: {some(again)}. Their arms stay; take these "
            f"{plan.units} off the list of batch {plan.batch}."
        )


def _notes(plan: RandomisationPlan, certificate: Certificate, entry: LedgerEntry) -> list[str]:
    notes: list[str] = []
    if entry.same_as is not None:
        notes.append(f"This is draw {entry.draw} of batch {plan.batch}; it is the same as draw {entry.same_as}.")
    elif entry.draw > 1:
        notes.append(f"This is draw {entry.draw} of batch {plan.batch}, drawn again because: {entry.reason}")
    if plan.exclude:
        left_out = [f"{one.school} ({one.reason})" for one in plan.exclude]
        notes.append(f"Left out before the draw, as the plan says: {some(left_out)}.")
    if plan.balance is not None:
        tries = "1 draw was" if certificate.draws == 1 else f"{certificate.draws} draws were"
        notes.append(
            f"{tries} tried until {plan.balance.criterion} was at most {plan.balance.at_most:g} "
            f"(it is {certificate.balance_value:.4g}). The analysis must allow for this."
        )
    if plan.seed.fixed_on is None:
        notes.append(
            "The plan does not say when the seed was fixed ('fixed_on'), so nobody can tell that it came first."
        )
    return notes
