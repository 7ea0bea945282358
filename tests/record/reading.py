"""What was sent, read back with OpenTelemetry's own messages."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from controller.domain.ports import EncodedSpan
from controller.record.trace import TraceProjector
from tests.record import stories

PROJECTOR = TraceProjector({"service.name": "repave", "service.version": "0.1.0"})


def decoded(encoded: Sequence[EncodedSpan]) -> list[Span]:
    """The spans of these requests; each request carries exactly one."""
    spans = []
    for item in encoded:
        request = ExportTraceServiceRequest.FromString(item.body)
        (one,) = [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
        spans.append(one)
    return spans


def values(attributes: Sequence[KeyValue]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in attributes:
        kind = str(attribute.value.WhichOneof("value"))
        value = getattr(attribute.value, kind)
        found[attribute.key] = [item.string_value for item in value.values] if kind == "array_value" else value
    return found


def told(name: str) -> dict[str, Span]:
    """The spans of a story that stays within one trace, by their names (the last of each name)."""
    return {span.name: span for span in decoded(PROJECTOR.replacement([], stories.STORIES[name]()))}


def seconds(span: Span) -> float:
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9


def at(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds // 10**9, UTC) + timedelta(microseconds=nanoseconds % 10**9 // 1000)
