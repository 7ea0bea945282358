"""From one span to its OTLP bytes. No provider, no exporter, no clock: the same span always gives the same bytes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from controller.record.spans import Note, Span

SCOPE = InstrumentationScope("repave")
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
EPOCH = datetime.fromtimestamp(0, UTC)
MICROSECOND = timedelta(microseconds=1)


def resource_of(attributes: Mapping[str, str]) -> Resource:
    """Who sends. Nothing is added from the environment, so that equal attributes give equal bytes."""
    return Resource(dict(sorted(attributes.items())))


def encode(span: Span, resource: Resource) -> bytes:
    """An ExportTraceServiceRequest with this one finished span."""
    if span.end_at is None:
        raise ValueError(f"{span.key} is still open")
    readable = ReadableSpan(
        name=span.name,
        context=_context(span.trace_id, span.span_id),
        parent=_context(span.trace_id, span.parent_id) if span.parent_id else None,
        resource=resource,
        attributes=span.attributes,
        events=[_event(note) for note in span.notes],
        links=[Link(_context(*span.continues))] if span.continues else [],
        kind=SpanKind.CLIENT if span.is_call else SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, span.error) if span.error is not None else Status(StatusCode.UNSET),
        start_time=nanoseconds(span.start_at),
        end_time=nanoseconds(span.end_at),
        instrumentation_scope=SCOPE,
    )
    return bytes(encode_spans([readable]).SerializeToString(deterministic=True))


def nanoseconds(at: datetime) -> int:
    """Since 1970, exactly: no float in between."""
    return (at - EPOCH) // MICROSECOND * 1000


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=SAMPLED)


def _event(note: Note) -> Event:
    return Event(note.name, note.attributes, nanoseconds(note.at))
