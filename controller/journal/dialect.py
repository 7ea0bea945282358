"""What SQL itself has no word for: INSERT ... ON CONFLICT.

SQLite took it over from PostgreSQL (https://www.sqlite.org/lang_upsert.html), and SQLAlchemy writes one statement for
both; the tests of every journal run on both.
"""

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import Insert, insert

__all__ = ["insert", "upsert"]


def upsert(table: Table) -> Insert:
    """A statement that inserts whole rows, each in the place of the one with the same primary key."""
    statement = insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)
