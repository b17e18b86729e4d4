"""The ledger of all draws: one line of JSON each, chained by hashes, only ever added to."""

from pathlib import Path

from evalkit.errors import DesignError
from evalkit.records.allocation import Certificate, LedgerEntry
from evalkit.records.chain import FIRST, append_to_chain, read_chain

LEDGER_FILE = "ledger.jsonl"


def read_ledger(path: str | Path) -> tuple[LedgerEntry, ...]:
    """Read a ledger and check its chain. A file that is not there yet is an empty ledger.

    Raises
    ------
    SpecError
        A line is no entry, was changed, or one before it was taken out; the message names the line.
    """
    return read_chain(path, LedgerEntry)


def next_entry(
    entries: tuple[LedgerEntry, ...], certificate: Certificate, *, file: str, again_because: str | None
) -> LedgerEntry:
    """The entry of a draw, given those before.

    Raises
    ------
    DesignError
        The batch was drawn before with another outcome, and no reason for drawing again is given.
    """
    plan = certificate.plan
    before = [one for one in entries if one.randomisation == plan.id and one.batch == plan.batch]
    same = same_draw(entries, certificate)
    if before and same is None and not (again_because and again_because.strip()):
        raise DesignError(
            f"'{plan.id}', batch {plan.batch}, was drawn already (ledger, entry {before[-1].number}: "
            f"{before[-1].certificate}). {_difference(before[-1], certificate)} The first draw counts. If it must "
            "be drawn "
            "again, say why with 'again_because' (--again); the ledger keeps both draws, and the report must say "
            "so. A new group of schools is a new batch."
        )
    chained = {
        "number": len(entries) + 1,
        "randomisation": plan.id,
        "batch": plan.batch,
        "draw": len(before) + 1,
        "same_as": None if same is None else same.draw,
        "reason": again_because,
        "seed": plan.seed.value,
        "seed_source": plan.seed.source,
        "plan_sha256": certificate.plan_sha256,
        "list_sha256": certificate.list_sha256,
        "allocation_sha256": certificate.allocation_sha256,
        "certificate_sha256": certificate.sha256,
        "certificate": file if same is None else same.certificate,
        "stated_date": certificate.stated_date,
        "previous_sha256": entries[-1].sha256 if entries else FIRST,
    }
    draft = LedgerEntry.model_validate({**chained, "sha256": ""})
    return draft.model_copy(update={"sha256": draft.own_sha256})


def same_draw(entries: tuple[LedgerEntry, ...], certificate: Certificate) -> LedgerEntry | None:
    """The first draw of the same batch with the same plan, list and outcome."""
    wanted = (certificate.plan_sha256, certificate.list_sha256, certificate.allocation_sha256)
    plan = certificate.plan
    for one in entries:
        if (one.randomisation, one.batch) == (plan.id, plan.batch) and wanted == (
            one.plan_sha256,
            one.list_sha256,
            one.allocation_sha256,
        ):
            return one
    return None


def append_entry(path: str | Path, entry: LedgerEntry) -> None:
    """Add one line at the end; nothing that stands there is touched.

    Raises
    ------
    DesignError
        Somebody else entered a draw in the meantime.
    """

    def content(before: tuple[LedgerEntry, ...]) -> dict[str, object]:
        if len(before) + 1 != entry.number:
            raise DesignError(f"{path}: another draw was entered in the meantime. Look at it, then draw again.")
        return entry.model_dump(mode="json", exclude={"number", "previous_sha256", "sha256"})

    append_to_chain(path, LedgerEntry, content)


def _difference(before: LedgerEntry, certificate: Certificate) -> str:
    changed = [
        what
        for what, old, new in (
            ("the plan", before.plan_sha256, certificate.plan_sha256),
            ("the list", before.list_sha256, certificate.list_sha256),
        )
        if old != new
    ]
    return (
        f"Since then {' and '.join(changed)} changed."
        if changed
        else "The earlier batch or the version of evalkit is another."
    )
