"""How values lie in columns: times as sortable text in UTC, facts as JSON, big documents as compressed JSON."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Dialect, LargeBinary, String, Text, TypeDecorator

from controller.journal.logic.documents import encode, moment, packed, unpacked


class UtcTime(TypeDecorator[datetime]):
    """A moment, kept as `2026-11-23T12:00:00.000000+00:00`: of fixed width, so that text sorts as time does."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Refuses a time without a zone: nobody could say when it was."""
        return None if value is None else moment(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware, in UTC."""
        return None if value is None else datetime.fromisoformat(value)


class Json(TypeDecorator[Any]):
    """JSON as text, for a person with the `sqlite3` command to read."""

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
