"""How values lie in columns: times as sortable text in UTC, facts as JSON, big documents as compressed JSON."""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Dialect, LargeBinary, String, Text, TypeDecorator


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def encode(value: object) -> str:
    """Compact JSON. Raises TypeError or ValueError for what JSON cannot say (NaN included)."""
    return json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class UtcTime(TypeDecorator[datetime]):
    """A moment, kept as `2026-11-23T12:00:00.000000+00:00`: of fixed width, so that text sorts as time does."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Refuses a time without a zone: nobody could say when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

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
        """Compressed at the fastest level, which takes 3 ms for that report."""
        return zlib.compress(encode(value).encode(), level=1)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """The value again."""
        return None if value is None else json.loads(zlib.decompress(value))
