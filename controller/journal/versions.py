"""The version of a schema, and how it is brought to the newest. Each kind of database has its own statements."""

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from controller.domain.errors import JournalUnavailable
from controller.journal.schema import schema_version

Migrations = Sequence[Sequence[str]]
"""Migrations[n]: the statements that lead from version n to n + 1. What was ever released never changes: add one."""

MADE = schema_version.c.version


def version(connection: Connection) -> int:
    """The version of a journal."""
    return int(connection.execute(select(MADE)).scalar_one())


def migrate(connection: Connection, found: int, migrations: Migrations) -> None:
    """Bring a journal of version `found` (0: an empty place) to the newest, in the connection's transaction, which has
    to be a writer's.

    Raises JournalUnavailable when these migrations do not know that version.
    """
    refuse_newer(found, len(migrations))
    if found == len(migrations):
        return
    if not found:
        connection.exec_driver_sql("CREATE TABLE schema_version (version INTEGER NOT NULL)")
        connection.exec_driver_sql("INSERT INTO schema_version VALUES (0)")
    for statements in migrations[found:]:
        for statement in statements:
            connection.exec_driver_sql(statement)
    connection.execute(update(schema_version).values(version=len(migrations)))


def refuse_newer(found: int, known: int) -> None:
    """Raises JournalUnavailable when a newer Repave wrote it: reading it by old meanings would be a guess."""
    if found > known:
        raise JournalUnavailable(
            f"its schema has version {found} and this Repave knows up to {known}: start the newer Repave again"
        )
