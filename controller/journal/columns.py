"""How values lie in columns: times in UTC, facts as JSON, big documents as compressed JSON."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import TIMESTAMP, Dialect, LargeBinary, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from controller.journal.logic.documents import encode, moment, packed, storable, unpacked


class UtcTime(TypeDecorator[datetime]):
    """A moment. PostgreSQL has a type for it, of microseconds as ours; SQLite has none, and keeps it as
    `2026-11-23T12:00:00.000000+00:00`: of fixed width, so that text sorts as time does."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """As the database keeps it."""
        native = dialect.name == "postgresql"
        return dialect.type_descriptor(TIMESTAMP(timezone=True) if native else String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Refuses a time without a zone: nobody could say when it was."""
        if value is None:
            return None
        text = moment(value)
        return value.astimezone(UTC) if dialect.name == "postgresql" else text

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware, in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(value)


class Words(TypeDecorator[str]):
    """What a person or a vendor said. PostgreSQL's texts cannot hold a NUL, no text can hold half of a character, and
    some vendor will say one."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """With the sign for what cannot be shown in its place."""
        return None if value is None else storable(value).replace("\0", "\ufffd")


class Json(TypeDecorator[Any]):
    """JSON as text, for a person with `sqlite3` or `psql` to read."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002
        """Compact JSON."""
        return encode(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """The value again; tuples have become lists."""
        return None if value is None else json.loads(value)


class PackedJson(TypeDecorator[Any]):
    """JSON, compressed: a report of 500 instances is over 1 MB of text and 70 KB of this, and each tick writes one."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes:  # noqa: ARG002
        """Compressed."""
        return packed(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """The value again."""
        return None if value is None else unpacked(value)
