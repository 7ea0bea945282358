"""The judge of traces: what the receiver should never have of a replacement is seen, each in turn."""

from collections.abc import Callable

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from controller.record.trace import TraceProjector, trace_id_of
from tests.e2e.harness.tap import Tap, entries
from tests.e2e.harness.traces import trace_problems
from tests.record.stories import replaced, undone

TRACE = trace_id_of("r-7f3a9c21d0")


def received() -> Tap:
    """A receiver that took the whole trace of a replacement, each span once."""
    tap = Tap()
    for span in TraceProjector({"service.name": "repave"}).replacement((), replaced()):
        tap.keep(span.body)
        for entry in entries(span.body):
            for sent in ResourceSpans.FromString(entry).scope_spans[0].spans:
                tap.spans[sent.trace_id.hex()][sent.span_id.hex()] = sent
    return tap


def named(tap: Tap, name: str) -> str:
    """The id of the span of this name."""
    return next(span_id for span_id, span in tap.spans[TRACE].items() if span.name == name)


def test_a_whole_trace_is_left_alone() -> None:
    assert trace_problems(received(), TRACE, replaced()) == []


def without_root(tap: Tap) -> None:
    del tap.spans[TRACE][named(tap, "replace web")]


def with_two_roots(tap: Tap) -> None:
    tap.spans[TRACE][named(tap, "verify")].parent_span_id = b""


def with_an_orphan(tap: Tap) -> None:
    tap.spans[TRACE][named(tap, "verify")].parent_span_id = b"\1" * 8


def without_a_call(tap: Tap) -> None:
    del tap.spans[TRACE][named(tap, "autoscaling.SetDesiredCapacity")]


def with_a_call_told_twice(tap: Tap) -> None:
    again = type(tap.spans[TRACE][named(tap, "verify")])()
    again.CopyFrom(tap.spans[TRACE][named(tap, "autoscaling.SetDesiredCapacity")])
    again.span_id = b"\2" * 8
    tap.spans[TRACE][again.span_id.hex()] = again


def without_a_step(tap: Tap) -> None:
    del tap.spans[TRACE][named(tap, "await_ready")]


def with_other_bytes(tap: Tap) -> None:
    copies = tap.raw[named(tap, "verify")]
    copies.append(copies[0] + b"\0")


def without_the_predecessor(tap: Tap) -> None:
    root = tap.spans[TRACE][named(tap, "replace web")]
    kept = [item for item in root.attributes if item.key != "repave.predecessor.id"]
    del root.attributes[:]
    root.attributes.extend(kept)


DOCTORED: dict[Callable[[Tap], None], str] = {
    without_root: "0 roots",
    with_two_roots: "2 roots: ['verify', 'replace web']",
    with_an_orphan: "verify has no parent in the trace",
    without_a_call: "client spans",
    with_a_call_told_twice: "client spans",
    without_a_step: "0 spans await_ready",
    with_other_bytes: "verify was sent with different bytes",
    without_the_predecessor: "the root says nothing of repave.predecessor.id",
}


@pytest.mark.parametrize("doctor", DOCTORED, ids=lambda doctor: doctor.__name__)
def test_each_flaw_is_seen(doctor: Callable[[Tap], None]) -> None:
    tap = received()
    doctor(tap)
    assert DOCTORED[doctor] in " | ".join(trace_problems(tap, TRACE, replaced()))


def test_the_trace_of_another_end_is_seen() -> None:
    assert "the root tells of replaced, the journal of failed" in trace_problems(received(), TRACE, undone())


def test_nothing_received_is_no_proof() -> None:
    assert trace_problems(Tap(), TRACE, replaced()) == [f"the receiver has nothing of trace {TRACE}"]
