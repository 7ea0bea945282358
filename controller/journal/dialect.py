"""What SQL itself has no word for, or two: INSERT ... ON CONFLICT, and when references are checked.

SQLite took the first from PostgreSQL (https://www.sqlite.org/lang_upsert.html), and SQLAlchemy writes one statement
for both; the tests of every journal run on both.
"""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import Insert, insert

__all__ = ["check_links_at_the_end", "insert", "upsert"]

AT_THE_END = {"sqlite": "PRAGMA defer_foreign_keys=ON", "postgresql": "SET CONSTRAINTS ALL DEFERRED"}


def check_links_at_the_end(connection: Connection) -> None:
    """Until this transaction ends, rows may refer to what is gone already."""
    connection.exec_driver_sql(AT_THE_END[connection.dialect.name])


def upsert(table: Table) -> Insert:
    """A statement that inserts whole rows, each in the place of the one with the same primary key."""
    statement = insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)
