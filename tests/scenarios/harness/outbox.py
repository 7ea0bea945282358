"""What a backend of traces would get: the refusals, read back from the bytes that wait to be sent."""

from collections.abc import Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from controller.domain.ports import OpenedJournal
from controller.record import names

MOST_SPANS = 10_000


async def refusals_sent(journal: OpenedJournal) -> list[str]:
    """Each trace of a refusal in the order in which they were made: `hold web  i-1  [window]`."""
    told = []
    for _, body, _ in await journal.pending(MOST_SPANS):
        request = ExportTraceServiceRequest.FromString(body)
        for span in (span for item in request.resource_spans for scope in item.scope_spans for span in scope.spans):
            if span.name.startswith("hold "):
                about = _values(span.attributes)
                told.append(f"{span.name}  {about[names.INSTANCE]}  [{about[names.VETOES]}]")
    return told


def _values(attributes: Sequence[KeyValue]) -> dict[str, str]:
    return {item.key: _text(item) for item in attributes}


def _text(item: KeyValue) -> str:
    if item.value.WhichOneof("value") == "array_value":
        return ", ".join(one.string_value for one in item.value.array_value.values)
    return str(item.value.string_value)
