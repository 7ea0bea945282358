"""How values are kept, in any store: times as sortable text in UTC, facts as JSON, big documents as compressed JSON."""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from controller.domain.memory import Memory, Seen, Streak, StreakKind


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def storable(text: str) -> str:
    """Text that UTF-8 can carry. Who cuts a text in the middle of an emoji leaves half of it, which nothing can keep:
    it becomes a question mark."""
    return text.encode(errors="replace").decode()


def encode(value: object) -> str:
    """Compact JSON, storable. Raises TypeError or ValueError for what JSON cannot say (NaN included)."""
    return storable(json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def squeezed(body: bytes) -> bytes:
    """Bytes, compressed at the fastest level."""
    return zlib.compress(body, level=1)


def unsqueezed(body: bytes) -> bytes:
    """The same bytes again."""
    return zlib.decompress(body)


def packed(value: object) -> bytes:
    """JSON, compressed: a report of 500 instances is over 1 MB of text and 70 KB of this, after 3 ms."""
    return squeezed(encode(value).encode())


def unpacked(body: bytes) -> Any:
    """The value again; tuples have become lists."""
    return json.loads(unsqueezed(body))


def moment(at: datetime) -> str:
    """`2026-11-23T12:00:00.000000+00:00`: of fixed width, so that text sorts as time does. Raises ValueError for a time
    without a zone: nobody could say when it was."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def memory_document(left: Memory) -> dict[str, Any]:
    """What a tick left, as JSON values."""
    streaks = [
        [instance_id, condition, streak.kind, streak.since.isoformat(), streak.last_at.isoformat(), streak.points]
        for (instance_id, condition), streak in left.streaks.items()
    ]
    return {
        "streaks": streaks,
        "written_at": left.written_at.isoformat() if left.written_at else None,
        "desired_before_trouble": left.desired_before_trouble,
        "fine_since": {cause: since.isoformat() for cause, since in left.fine_since.items()},
        "seen": [
            [instance_id, condition, seen.value, seen.measured_at.isoformat(), seen.query, seen.samples, seen.asked]
            for (instance_id, condition), seen in left.seen.items()
        ],
    }


def memory_of(document: Mapping[str, Any]) -> Memory:
    """The same again. What an older Repave did not write yet is empty."""
    streaks = {
        (instance_id, condition): Streak(StreakKind(kind), _moment(since), _moment(last_at), points)
        for instance_id, condition, kind, since, last_at, points in document["streaks"]
    }
    written_at = _moment(document["written_at"]) if document["written_at"] else None
    fine_since = {cause: _moment(since) for cause, since in document.get("fine_since", {}).items()}
    seen = {
        (instance_id, condition): Seen(value, _moment(measured_at), query, tuple(samples), asked)
        for instance_id, condition, value, measured_at, query, samples, asked in document.get("seen", ())
    }
    return Memory(streaks, written_at, document["desired_before_trouble"], fine_since, seen)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
