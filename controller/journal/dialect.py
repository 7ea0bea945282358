"""What is SQLite's own in the queries: INSERT ... ON CONFLICT. PostgreSQL's insert has the same methods."""

from sqlalchemy import Table
from sqlalchemy.dialects.sqlite import Insert, insert

__all__ = ["insert", "upsert"]


def upsert(table: Table) -> Insert:
    """A statement that inserts whole rows, each in the place of the one with the same primary key."""
    statement = insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)
