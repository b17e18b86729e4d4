"""What the database itself lets a page see: row-level security, on PostgreSQL.

Every page says at its start whose rows it may touch; the policies compare each row with it. A page that says nothing
sees none. The worker, and nothing that answers a request, works with `everything`.
"""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

NOBODY = "-"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows may be seen: of these schools, of these programmes, of these programmes only what is for leads.

    `queue` : the rows of the queue, of whatever programme; they hold no data
    `token` : the round of answering online whose link was opened
    """

    everything: bool = False
    queue: bool = False
    schools: frozenset[str] = frozenset()
    programmes: frozenset[str] = frozenset()
    led: frozenset[str] = frozenset()
    token: str = NOBODY


def set_scope(scope: Scope) -> None:
    """Say whose rows the running transaction may touch. SQLite knows no policies; there the pages alone decide."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('evalkit.everything', %s, true), set_config('evalkit.queue', %s, true), "
            "set_config('evalkit.schools', %s, true), set_config('evalkit.programmes', %s, true), "
            "set_config('evalkit.led', %s, true), set_config('evalkit.token', %s, true)",
            [
                *("on" if one else "off" for one in (scope.everything, scope.queue)),
                *map(_text, (scope.schools, scope.programmes, scope.led)),
                scope.token,
            ],
        )


@contextmanager
def everything() -> Generator[None]:
    """A transaction that may touch every row: for the worker and for commands."""
    with transaction.atomic():
        set_scope(Scope(everything=True))
        yield


def _text(ids: Iterable[str]) -> str:
    return ",".join(sorted(ids)) or NOBODY


# Table -> the columns that make a row somebody's. `led`: leads of the programme see the row too; `queue`: operators do;
# `token`: whoever opens the row's link does.
GUARDED = {
    "portal_participation": ("school_id", "programme_id"),
    "portal_surveyupload": ("school_id", "programme_id"),
    "portal_job": ("school_id", "programme_id", "queue"),
    "portal_datarelease": ("programme_id", "led"),
    "portal_report": ("school_id", "programme_id", "led"),
    "portal_answeringround": ("school_id", "programme_id", "token"),
}


def policies(tables: Iterable[str]) -> list[str]:
    """The statements that put the policies on some of the guarded tables."""
    statements: list[str] = []
    for table in tables:
        columns = GUARDED[table]
        tests = ["current_setting('evalkit.everything', true) = 'on'", _among("programme_id", "programmes")]
        if "school_id" in columns:
            tests.append(_among("school_id", "schools"))
        if "led" in columns:
            tests.append(_among("programme_id", "led"))
        if "queue" in columns:
            tests.append("current_setting('evalkit.queue', true) = 'on'")
        if "token" in columns:
            tests.append("token = current_setting('evalkit.token', true)")
        test = " OR ".join(tests)
        statements += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY own_rows ON {table} USING ({test}) WITH CHECK ({test})",
        ]
    return statements


def _among(column: str, setting: str) -> str:
    return f"{column}::text = ANY(string_to_array(current_setting('evalkit.{setting}', true), ','))"


# A report on the whole programme that is out for schools: those that take part may read its row, nobody else's.
OUT_FOR_SCHOOLS = (
    "CREATE POLICY out_for_schools ON portal_report FOR SELECT USING (school_id IS NULL AND to_schools_at IS NOT NULL "
    f"AND programme_id IN (SELECT programme_id FROM portal_participation WHERE {_among('school_id', 'schools')}))"
)
