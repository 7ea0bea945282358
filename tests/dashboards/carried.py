"""What our spans and events really carry: read from what the recorder and the daemon make, not from a list."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, cast

from controller.app.custom_events import CustomEvents
from controller.domain.memory import Memory
from controller.domain.ports import TickRecord
from controller.domain.replacement import apply, begin
from controller.record.newrelic import Agent
from controller.record.refusal import refusal_span
from controller.record.spans import Span
from controller.record.state import states
from controller.record.story import story
from controller.record.tick_trace import TickTrace, tick_spans
from tests.record import stories
from tests.record.test_metrics import full

OF_NEW_RELIC = frozenset({"name", "timestamp", "duration.ms", "trace.id"})
"""What New Relic itself gives to every span that comes over OTLP."""

STOPPED_SINCE = stories.START + timedelta(seconds=9)


def of_spans() -> Mapping[str, frozenset[str]]:
    """The first word of a root span's name -> the attributes that such roots have, at least some of them."""
    found: dict[str, set[str]] = defaultdict(set)
    for span in _roots():
        found[span.name.partition(" ")[0]] |= {name for name, value in span.attributes.items() if value is not None}
    return {root: frozenset(names) | OF_NEW_RELIC for root, names in found.items()}


def _roots() -> Iterator[Span]:
    for told in stories.STORIES.values():
        yield from (span for span in story(told()) if span.parent_id is None)
    yield refusal_span("web", stories.REFUSAL, stories.START)
    look = TickTrace("web", "d-1", stories.START, STOPPED_SINCE, "8 instances", "looked", counts={"healthy": 8})
    yield from (span for span in tick_spans(look) if span.parent_id is None)


class Heard:
    """Stands for New Relic's agent."""

    def __init__(self) -> None:
        self.events: dict[str, set[str]] = defaultdict(set)

    def event(self, kind: str, facts: Mapping[str, Any]) -> None:
        self.events[kind] |= {name for name, value in facts.items() if value is not None}


def of_events() -> Mapping[str, frozenset[str]]:
    """The kind of a custom event -> the attributes that it has."""
    heard = Heard()
    events = CustomEvents(cast(Agent, heard))
    for told in stories.STORIES.values():
        first, *rest = told()
        state = begin(first)
        for event in rest:
            state = apply(state, event)
            events.happened(state, event)
    report = {"instances": [{"verdict": "healthy"}, {"verdict": "blind"}]}
    refused = {stories.REFUSAL.instance_id: stories.REFUSAL}
    looked = TickRecord("web", stories.START, "2 instances", Memory(), report, refused)
    events.looked(looked, [stories.REFUSAL.instance_id])
    for kind, facts in states(full().families(), STOPPED_SINCE, "d-1"):
        heard.event(kind, facts)
    return {kind: frozenset(names) for kind, names in heard.events.items()}
