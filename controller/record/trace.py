"""Events in, finished OTLP spans out. Pure: the journal calls this inside the transaction that stores the events."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from controller.domain.ports import EncodedSpan, RefusalRecord
from controller.domain.replacement import Event
from controller.record.encode import encode, resource_of
from controller.record.ids import trace_id_of
from controller.record.refusal import refusal_span
from controller.record.spans import Span
from controller.record.story import story

__all__ = ["TraceProjector", "trace_id_of"]


class TraceProjector:
    """Turns events into spans (`domain.ports.Projector`).

    resource_attributes: who sends: `service.name`, `service.version`, `deployment.environment.name` and the like.
    Nothing is added to them, so that two daemons that are given the same send the same bytes.
    """

    def __init__(self, resource_attributes: Mapping[str, str]) -> None:
        self._resource = resource_of(resource_attributes)

    def replacement(self, history: Sequence[Event], new: Sequence[Event]) -> tuple[EncodedSpan, ...]:
        """The spans that `new` ends, given all events before them."""
        ordinals = {event.ordinal for event in new}
        spans = story([*history, *new])
        return tuple(self._encoded(span) for span in spans if span.ended_by in ordinals)

    def refusal(self, fleet: str, record: RefusalRecord, at: datetime) -> tuple[EncodedSpan, ...]:
        """The trace of one refusal: one span."""
        return (self._encoded(refusal_span(fleet, record, at)),)

    def _encoded(self, span: Span) -> EncodedSpan:
        return EncodedSpan(span.key, encode(span, self._resource))
