"""What a span is before it is encoded or drawn. The trace that is sent and the waterfall both come from these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened within a span (OpenTelemetry calls it a span event).

    text: the sentence that a person reads in the terminal; backends get the attributes.
    """

    name: str
    at: datetime
    attributes: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """One bar of a trace.

    key: unique for ever, and what span_id is derived from. parent_id: None for a root.
    start_at, end_at: in UTC; end_at is None while it is open, and an open span is drawn but never sent.
    is_call: a call to somebody else's API (a client span).
    continues: (trace id, span id) of the root that this root carries on from.
    error: the sentence that says what went wrong; None when nothing did.
    ended_by: the ordinal of the event that ended it.
    """

    key: str
    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_at: datetime
    end_at: datetime | None = None
    is_call: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    continues: tuple[str, str] | None = None
    error: str | None = None
    ended_by: int | None = None
