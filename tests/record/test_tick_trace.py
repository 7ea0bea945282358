"""A look as a trace: one root, every part under what it happened in, calls as client spans."""

from datetime import timedelta

from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

from controller.domain.laps import Lap
from controller.domain.ports import EncodedSpan
from controller.record.encode import encode, resource_of
from controller.record.tick_trace import TickTrace, tick_spans
from tests.record.reading import decoded, values
from tests.support.virtual import START


def lap(number: int, within: int, name: str, second: float, **changed: object) -> Lap:
    began_at = START + timedelta(seconds=second)
    return Lap(number, within, name, began_at, began_at + timedelta(seconds=0.5), **changed)  # type: ignore[arg-type]


LAPS = (
    lap(1, 0, "observe", 0),
    lap(2, 1, "autoscaling.DescribeAutoScalingGroups", 0, is_call=True),
    lap(3, 1, "probe", 0.5, facts={"rule": "disk filling"}, error="Throttling"),
    lap(9, 7, "prometheus.query_range", 0.5, is_call=True, error="timeout"),
)


def trace(**changed: object) -> TickTrace:
    whole = {"counts": {"healthy": 7, "aged": 1}, "laps": LAPS, "outcome": "looked", **changed}
    return TickTrace("web", "host/d-1", START, START + timedelta(seconds=1), "8 instances", **whole)  # type: ignore[arg-type]


def sent(tick: TickTrace) -> dict[str, SentSpan]:
    bodies = [EncodedSpan(span.key, encode(span, resource_of({}))) for span in tick_spans(tick)]
    return {span.name: span for span in decoded(bodies)}


def test_parts_hang_on_what_they_happened_in() -> None:
    spans = sent(trace())
    root = spans["tick web"]
    assert not root.parent_span_id
    assert {span.trace_id for span in spans.values()} == {root.trace_id}
    assert spans["observe"].parent_span_id == root.span_id
    assert spans["probe"].parent_span_id == spans["observe"].span_id
    assert spans["prometheus.query_range"].parent_span_id == root.span_id, "what it happened in was cut"
    assert len({span.span_id for span in spans.values()}) == len(LAPS) + 1


def test_what_they_say() -> None:
    spans = sent(trace(dropped=4))
    about = values(spans["tick web"].attributes)
    assert about["repave.fleet"] == "web"
    assert about["repave.tick.outcome"] == "looked"
    assert about["repave.tick.sentence"] == "8 instances"
    assert (about["repave.tick.count.healthy"], about["repave.tick.count.aged"]) == (7, 1)
    assert about["repave.tick.parts.cut"] == 4
    call = values(spans["autoscaling.DescribeAutoScalingGroups"].attributes)
    assert call == {"rpc.system": "aws-api", "rpc.service": "autoscaling", "rpc.method": "DescribeAutoScalingGroups"}
    assert spans["autoscaling.DescribeAutoScalingGroups"].kind == SentSpan.SPAN_KIND_CLIENT
    assert spans["observe"].kind == SentSpan.SPAN_KIND_INTERNAL
    failed = values(spans["probe"].attributes)
    assert failed == {"repave.rule": "disk filling", "error.type": "Throttling"}
    assert "rpc.system" not in values(spans["prometheus.query_range"].attributes), "that is nobody's AWS"


def test_only_a_look_that_went_wrong_is_an_error() -> None:
    assert sent(trace(outcome="blocked"))["tick web"].status.code == 0
    assert sent(trace(outcome="error"))["tick web"].status.message == "8 instances"


def test_two_looks_are_two_traces() -> None:
    assert trace().trace_id != TickTrace("web", "host/d-2", START, START, "", "looked").trace_id
    assert trace().trace_id == trace(outcome="error").trace_id
