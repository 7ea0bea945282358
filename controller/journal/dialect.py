"""What is SQLite's own in the queries: INSERT ... ON CONFLICT. PostgreSQL's insert has the same methods."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import Insert, insert

__all__ = ["insert", "upsert"]


def upsert(table: Table, **values: Any) -> Insert:
    """Insert a row, or overwrite the one with the same primary key."""
    statement = insert(table).values(**values)
    keys = [column.name for column in table.primary_key]
    others = {name: statement.excluded[name] for name in values if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)
