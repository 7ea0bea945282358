"""The same story always gives the same bytes, and no fact whatsoever can stop it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.record.document import trace_document
from controller.record.trace import TraceProjector
from controller.record.waterfall import waterfall
from tests.record import stories
from tests.record.reading import PROJECTOR, decoded

every_story = pytest.mark.parametrize("name", stories.STORIES)


@every_story
def test_projecting_event_by_event_is_projecting_at_once(name: str) -> None:
    events = stories.STORIES[name]()
    at_once = PROJECTOR.replacement([], events)
    one_by_one = [
        span for end in range(len(events)) for span in PROJECTOR.replacement(events[:end], events[end : end + 1])
    ]
    assert one_by_one == list(at_once)


@every_story
def test_any_cut_between_history_and_new_gives_the_same_bytes(name: str) -> None:
    """A crash may come after any transaction; what follows must complete the trace as if nothing had happened."""
    events = stories.STORIES[name]()
    whole = PROJECTOR.replacement([], events)
    for cut in range(1, len(events)):
        assert PROJECTOR.replacement([], events[:cut]) + PROJECTOR.replacement(events[:cut], events[cut:]) == whole


@every_story
def test_facts_that_went_through_the_journals_json_give_the_same_bytes(name: str) -> None:
    events = stories.STORIES[name]()
    through = [replace(event, facts=json.loads(json.dumps(event.facts, sort_keys=True))) for event in events]
    backwards = [replace(event, facts=dict(reversed(list(event.facts.items())))) for event in events]
    assert PROJECTOR.replacement([], through) == PROJECTOR.replacement([], events)
    assert PROJECTOR.replacement([], backwards) == PROJECTOR.replacement([], events)


def test_another_process_with_other_hashes_and_another_time_zone_gives_the_same_bytes() -> None:
    program = (
        "import hashlib\n"
        "from tests.record import stories\n"
        "from controller.record.trace import TraceProjector\n"
        "projector = TraceProjector({'service.name': 'repave', 'service.version': '0.1.0'})\n"
        "digest = hashlib.sha256()\n"
        "for story in stories.STORIES.values():\n"
        "    for span in projector.replacement([], story()):\n"
        "        digest.update(span.key.encode() + span.body)\n"
        "digest.update(projector.refusal('web', stories.REFUSAL, stories.START)[0].body)\n"
        "print(digest.hexdigest())\n"
    )
    digests = set()
    for seed, zone in (("0", "UTC"), ("1", "Asia/Tokyo"), ("12345", "America/Lima")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "OTEL_RESOURCE_ATTRIBUTES": f"seed={seed}"}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_the_order_of_resource_attributes_does_not_matter() -> None:
    other = TraceProjector({"service.version": "0.1.0", "service.name": "repave"})
    assert other.replacement([], stories.replaced()) == PROJECTOR.replacement([], stories.replaced())


SCALARS = st.sampled_from(
    [None, True, 3, -1, 2**70, 1.5, float("nan"), float("inf"), "", "text", "0001-01-01", "\ud800"]
)
INNER = st.dictionaries(st.sampled_from([*stories.EVIDENCE[0], "by", "image_id", "a"]), SCALARS)
JSON = SCALARS | st.lists(SCALARS, max_size=3) | st.lists(INNER, max_size=3) | INNER
KEYS = sorted(
    {key for story in stories.STORIES.values() for event in story() for key in event.facts} | {"by", "reason"}
)
ODD = st.dictionaries(st.sampled_from(KEYS), JSON)


@settings(max_examples=150, deadline=None)
@given(ODD, st.sampled_from(sorted(stories.STORIES)))
def test_no_fact_whatsoever_can_stop_the_projection(odd: dict[str, Any], name: str) -> None:
    """The journal projects inside its transaction: an error here would stop a replacement. Nor may it stop a reader."""
    events = [replace(event, facts={**event.facts, **odd}) for event in stories.STORIES[name]()]
    assert [span for span in decoded(PROJECTOR.replacement([], events)) if not span.parent_span_id]
    assert waterfall(events, events[-1].at, 80)
    assert trace_document(events, events[-1].at).model_dump_json()
