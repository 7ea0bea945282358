"""`repave trace --json`: the trace of a replacement as a document, from the same spans that are sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from controller.domain.replacement import Event
from controller.record.spans import Note, Span
from controller.record.story import story


class Model(BaseModel):
    """A frozen part of the document."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SpanEvent(Model):
    """Something that happened within a span: a piece of evidence, a pause, an undone step."""

    name: str
    at: datetime
    attributes: dict[str, Any]


class SpanLink(Model):
    """The root of the trace that this one carries on from."""

    trace_id: str
    span_id: str


class SpanDocument(Model):
    """One span. `ended_at` is null while it is open; `duration_seconds` then counts up to the document's time.

    status: `error` when `error` says what went wrong. kind: `client` for a call to somebody else's API.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: Literal["internal", "client"]
    started_at: datetime
    ended_at: datetime | None
    duration_seconds: float
    status: Literal["ok", "error", "open"]
    error: str | None
    attributes: dict[str, Any]
    events: list[SpanEvent]
    links: list[SpanLink]


class TraceDocument(Model):
    """Everything about one replacement. `trace_ids`: one, and one more for each time it outlived a trace.

    spans: roots first, each followed by what is below it, in the order of their start.
    """

    replacement: str
    generated_at: datetime
    complete: bool
    trace_ids: list[str] = Field(min_length=1)
    spans: list[SpanDocument]


def trace_document(events: Sequence[Event], now: datetime) -> TraceDocument:
    """The document of a story of at least its `accepted` event."""
    spans = [span for _, span in in_order(story(events))]
    return TraceDocument(
        replacement=events[0].replacement_id,
        generated_at=now,
        complete=all(span.end_at is not None for span in spans),
        trace_ids=list(dict.fromkeys(span.trace_id for span in spans)),
        spans=[_span(span, now) for span in spans],
    )


def in_order(spans: Sequence[Span]) -> list[tuple[int, Span]]:
    """Depth and span, as a person reads: trace after trace, each span followed by its children by their start."""
    children: dict[str | None, list[Span]] = {}
    for span in spans:
        children.setdefault(span.parent_id, []).append(span)
    ordered: list[tuple[int, Span]] = []
    waiting = [(0, span) for span in _latest_first(children.get(None, []))]
    while waiting:
        depth, span = waiting.pop()
        ordered.append((depth, span))
        waiting += [(depth + 1, child) for child in _latest_first(children.get(span.span_id, []))]
    return ordered


def _latest_first(spans: Sequence[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: span.start_at)[::-1]


def _span(span: Span, now: datetime) -> SpanDocument:
    end_at = span.end_at or max(now, span.start_at)
    return SpanDocument(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_id,
        name=span.name,
        kind="client" if span.is_call else "internal",
        started_at=span.start_at,
        ended_at=span.end_at,
        duration_seconds=(end_at - span.start_at).total_seconds(),
        status=status_of(span),
        error=span.error,
        attributes=dict(span.attributes),
        events=[_event(note) for note in span.notes],
        links=[SpanLink(trace_id=span.continues[0], span_id=span.continues[1])] if span.continues else [],
    )


def status_of(span: Span) -> Literal["ok", "error", "open"]:
    """In one word: open before its end, then ok or error."""
    if span.end_at is None:
        return "open"
    return "ok" if span.error is None else "error"


def _event(note: Note) -> SpanEvent:
    return SpanEvent(name=note.name, at=note.at, attributes=dict(note.attributes))
