"""A replacement that outlives its trace goes on in the next, which links back."""

from datetime import datetime
from itertools import pairwise

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from controller.domain.lifecycle import Kind, Step
from controller.record.trace import trace_id_of
from tests.record import stories
from tests.record.reading import PROJECTOR, at, decoded, values


def test_a_long_replacement_goes_on_in_linked_traces() -> None:
    spans = decoded(PROJECTOR.replacement([], stories.long_lived()))
    roots = [span for span in spans if not span.parent_span_id]
    assert [root.trace_id.hex() for root in roots] == [trace_id_of("r-7f3a9c21d0", segment) for segment in (1, 2, 3)]
    assert [len(root.links) for root in roots] == [0, 1, 1]
    for before, after in pairwise(roots):
        assert (after.links[0].trace_id, after.links[0].span_id) == (before.trace_id, before.span_id)
        assert after.start_time_unix_nano == before.end_time_unix_nano
    assert values(roots[0].attributes)["repave.continued"] is True
    assert "repave.outcome" not in values(roots[0].attributes)
    assert values(roots[2].attributes)["repave.left_behind"] == "i-0other"


def test_spans_are_clipped_to_their_trace_and_tell_when_they_truly_began() -> None:
    events = stories.long_lived()
    turns = [event.at for event in events if event.kind is Kind.CONTINUED]
    ready = [span for span in decoded(PROJECTOR.replacement([], events)) if span.name == "await_ready"]
    assert [at(span.start_time_unix_nano) for span in ready] == [
        next(e.at for e in events if e.step is Step.AWAIT_READY),
        turns[0],
    ]
    assert at(ready[0].end_time_unix_nano) == turns[0]
    assert datetime.fromisoformat(values(ready[1].attributes)["repave.started_at"]) == at(ready[0].start_time_unix_nano)
    (call,) = [
        span
        for span in decoded(PROJECTOR.replacement([], events))
        if span.trace_id == ready[1].trace_id
        and span.parent_span_id == ready[1].span_id
        and span.kind == Span.SPAN_KIND_CLIENT
    ]
    assert at(call.start_time_unix_nano) == turns[0]


def test_the_new_trace_is_visible_at_once() -> None:
    events = stories.long_lived()
    turn = next(end for end, event in enumerate(events) if event.kind is Kind.CONTINUED)
    names = [span.name for span in decoded(PROJECTOR.replacement(events[:turn], events[turn : turn + 1]))]
    assert names == ["await_ready", "replace web", "continued"]
