"""Is what the receiver has of one replacement one connected trace, and does it say what it has to?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from controller.domain.lifecycle import Kind
from controller.domain.replacement import Event
from tests.e2e.harness.tap import Tap

CLIENT = Span.SpanKind.SPAN_KIND_CLIENT
ALWAYS = frozenset({"accepted", "observe", "judge"})
ON_THE_ROOT = frozenset(
    {
        *("repave.replacement.id", "repave.fleet", "repave.verdict", "repave.rule", "repave.predecessor.id"),
        *("repave.outcome", "repave.policy.hash"),
    }
)


def attributes(span: Span) -> dict[str, Any]:
    """A span's attributes as plain values."""
    return {item.key: _plain(item.value) for item in span.attributes}


def root_of(spans: Sequence[Span]) -> Span:
    """The one span without a parent."""
    (root,) = [span for span in spans if not span.parent_span_id]
    return root


def trace_problems(
    tap: Tap, trace_id: str, events: Sequence[Event], on_the_root: frozenset[str] = frozenset()
) -> list[str]:
    """One sentence for each way in which the receiver's trace is not the one that the journal's events tell of: one
    root, no orphan, no span id twice, a span for every step that began and for every call, and the root's attributes
    (on_the_root: those beside what every root says).
    """
    spans = tap.trace(trace_id)
    if not spans:
        return [f"the receiver has nothing of trace {trace_id}"]
    found = _shape(spans)
    found += [f"{name} was sent with different bytes" for name in tap.changed(trace_id)]
    found += _content(spans, events)
    roots = [span for span in spans if not span.parent_span_id]
    for root in roots[:1]:
        told = attributes(root)
        found += [f"the root says nothing of {name}" for name in sorted((ON_THE_ROOT | on_the_root) - told.keys())]
        found += _end(told, events)
    return found


def _shape(spans: Sequence[Span]) -> list[str]:
    ids = {span.span_id for span in spans}
    roots = [span.name for span in spans if not span.parent_span_id]
    found = [] if len(roots) == 1 else [f"{len(roots)} roots: {roots}"]
    orphans = [span.name for span in spans if span.parent_span_id and span.parent_span_id not in ids]
    found += [f"{name} has no parent in the trace" for name in orphans]
    backwards = [span.name for span in spans if span.end_time_unix_nano < span.start_time_unix_nano]
    return found + [f"{name} ends before it starts" for name in backwards]


def _content(spans: Sequence[Span], events: Sequence[Event]) -> list[str]:
    names = Counter(span.name for span in spans if span.kind != CLIENT)
    steps = {str(event.step) for event in events if event.step and event.kind in (Kind.STARTED, Kind.FAILED)}
    wanted = ALWAYS | steps | ({"undo"} if any(event.kind is Kind.FAILED for event in events) else set())
    found = [f"{names[name]} spans {name}" for name in sorted(wanted) if names[name] != 1]
    calls = Counter(str(event.facts["call"]) for event in events if event.kind is Kind.CALLED)
    seen = Counter(span.name for span in spans if span.kind == CLIENT)
    if calls != seen:
        found.append(f"client spans {dict(seen)} for the calls {dict(calls)}")
    return found


def _end(told: Mapping[str, Any], events: Sequence[Event]) -> list[str]:
    closed = events[-1].facts.get("outcome") if events[-1].kind is Kind.CLOSED else None
    same = told.get("repave.outcome") == closed and told.get("repave.replacement.id") == events[0].replacement_id
    return [] if same else [f"the root tells of {told.get('repave.outcome')}, the journal of {closed}"]


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None
