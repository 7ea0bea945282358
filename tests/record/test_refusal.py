"""A refusal is a trace too."""

from dataclasses import replace
from datetime import timedelta

from tests.record import stories
from tests.record.reading import PROJECTOR, decoded, seconds, values


def test_a_refusal_is_one_root_with_its_vetoes_and_evidence() -> None:
    (encoded,) = PROJECTOR.refusal("web", stories.REFUSAL, stories.START)
    (span,) = decoded([encoded])
    assert (span.name, span.parent_span_id, seconds(span)) == ("hold web", b"", 0.0)
    found = values(span.attributes)
    assert found["repave.instance.id"] == found["host.id"] == "i-0prot"
    assert found["repave.vetoes"] == ["max_in_flight", "protected"]
    assert (found["repave.verdict"], found["repave.rule"], found["host.image.id"]) == (
        "degraded",
        "disk filling",
        "ami-0old",
    )
    assert [event.name for event in span.events] == ["veto", "veto", "evidence", "evidence", "evidence"]
    protected = values(span.events[1].attributes)
    assert protected["repave.veto.rule"] == "protected"
    assert protected["repave.veto.needs"] == "person"


def test_refusals_that_differ_in_anything_have_ids_of_their_own() -> None:
    later = stories.START + timedelta(seconds=30)
    other_rules = replace(stories.REFUSAL, rules=("protected",))
    other_instance = replace(stories.REFUSAL, instance_id="i-0other")
    told_apart = [
        PROJECTOR.refusal("web", stories.REFUSAL, stories.START)[0],
        PROJECTOR.refusal("api", stories.REFUSAL, stories.START)[0],
        PROJECTOR.refusal("web", stories.REFUSAL, later)[0],
        PROJECTOR.refusal("web", other_rules, stories.START)[0],
        PROJECTOR.refusal("web", other_instance, stories.START)[0],
    ]
    assert len({item.key for item in told_apart}) == 5
    assert len({span.trace_id for span in decoded(told_apart)}) == 5
    assert PROJECTOR.refusal("web", stories.REFUSAL, stories.START)[0] == told_apart[0]


def test_a_refusal_spans_the_look_that_led_to_it() -> None:
    looked = replace(stories.REFUSAL, facts={**stories.REFUSAL.facts, "observe_started_at": "2026-11-23T11:59:58Z"})
    (span,) = decoded(PROJECTOR.refusal("web", looked, stories.START))
    assert seconds(span) == 2.0


def test_it_says_which_configuration_was_in_force() -> None:
    facts = {**stories.REFUSAL.facts, "config_hash": "0b6d8a1f93c2", "config_version": "3"}
    (span,) = decoded(PROJECTOR.refusal("web", replace(stories.REFUSAL, facts=facts), stories.START))
    found = values(span.attributes)
    assert (found["repave.config.hash"], found["repave.config.version"]) == ("0b6d8a1f93c2", "3")
