"""What the trace of a replacement says, and that it is one tree."""

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from controller.domain.lifecycle import Kind
from controller.record.story import story
from controller.record.trace import trace_id_of
from tests.record import stories
from tests.record.reading import PROJECTOR, at, decoded, seconds, told, values

every_story = pytest.mark.parametrize("name", stories.STORIES)


@every_story
def test_each_trace_ends_as_one_tree(name: str) -> None:
    """One root, every parent there, no span twice; only observing may come before the root."""
    encoded = PROJECTOR.replacement([], stories.STORIES[name]())
    spans = decoded(encoded)
    assert len({item.key for item in encoded}) == len(encoded)
    assert len({span.span_id for span in spans}) == len(spans)
    for trace_id in {span.trace_id for span in spans}:
        members = {span.span_id: span for span in spans if span.trace_id == trace_id}
        (root,) = [span for span in members.values() if not span.parent_span_id]
        for span in members.values():
            assert span.start_time_unix_nano <= span.end_time_unix_nano
            if span is root:
                continue
            parent = members[span.parent_span_id]
            assert span.end_time_unix_nano <= parent.end_time_unix_nano
            if span.name != "observe":
                assert span.start_time_unix_nano >= parent.start_time_unix_nano, span.name


@every_story
def test_nothing_stays_open_once_it_is_closed(name: str) -> None:
    assert all(span.end_at is not None for span in story(stories.STORIES[name]()))


def test_what_could_not_be_finished_is_told_as_an_error() -> None:
    last = {span.name: span for span in decoded(PROJECTOR.replacement([], stories.long_lived()))[-4:]}
    assert last["undo"].status.message == "not finished, left behind: i-0other"
    assert values(last["autoscaling.SetInstanceProtection"].attributes)["repave.call.outcome"] == "unknown"


def test_acceptance_is_visible_before_anything_else_ends() -> None:
    first = decoded(PROJECTOR.replacement([], stories.replaced()[:1]))
    assert [span.name for span in first] == ["accepted", "observe", "judge"]
    assert seconds(first[0]) == 0.0
    assert at(first[0].start_time_unix_nano) == stories.START
    assert values(first[0].attributes)["repave.predecessor.id"] == "i-0a1b"


def test_nothing_is_sent_before_its_end_is_known() -> None:
    """A step that has only started, and a call that has only been called, end nothing."""
    events = stories.replaced()
    for end, event in enumerate(events):
        if event.kind in (Kind.STARTED, Kind.CALLED, Kind.PAUSED, Kind.RESUMED):
            assert PROJECTOR.replacement(events[:end], [event]) == ()


def test_the_root_is_the_replacement() -> None:
    root = told("replaced")["replace web"]
    events = stories.replaced()
    assert root.trace_id.hex() == trace_id_of("r-7f3a9c21d0")
    assert (at(root.start_time_unix_nano), at(root.end_time_unix_nano)) == (events[0].at, events[-1].at)
    assert root.status.code == Status.STATUS_CODE_UNSET
    expected = {
        "repave.replacement.id": "r-7f3a9c21d0",
        "repave.fleet": "web",
        "repave.verdict": "degraded",
        "repave.rule": "disk filling",
        "repave.predecessor.id": "i-0a1b",
        "repave.successor.id": "i-0fresh",
        "repave.outcome": "replaced",
        "repave.verification": "improved",
        "repave.policy.hash": "0123456789ab",
        "host.id": "i-0a1b",
        "host.image.id": "ami-0old",
        "host.type": "m7g.large",
        "cloud.provider": "aws",
        "cloud.region": "eu-west-1",
        "cloud.account.id": "123456789012",
        "cloud.availability_zone": "eu-west-1a",
    }
    assert expected.items() <= values(root.attributes).items()
    assert "user.name" not in values(root.attributes)


def test_a_person_who_asked_is_named() -> None:
    (accepted, *_) = decoded(PROJECTOR.replacement([], stories.Story(by="ana").events))
    assert values(accepted.attributes)["user.name"] == "ana"
    (accepted, *_) = decoded(PROJECTOR.replacement([], stories.Story(by="repave").events))
    assert "user.name" not in values(accepted.attributes)


def test_every_piece_of_evidence_is_on_observe() -> None:
    observe = told("replaced")["observe"]
    assert seconds(observe) == pytest.approx(1.2)
    disk, errors, host = (values(event.attributes) for event in observe.events)
    assert [event.name for event in observe.events] == ["evidence"] * 3
    assert disk == {
        "repave.rule": "disk filling",
        "repave.probe": "cloudwatch",
        "repave.cause": "degraded",
        "repave.evidence.value": 93.1,
        "repave.evidence.unit": "%",
        "repave.evidence.threshold": "above 90",
        "repave.evidence.for_seconds": 900.0,
        "repave.evidence.breached_for_seconds": 1320.0,
        "repave.evidence.query": "CWAgent disk_used_percent Maximum 1m path=/",
        "repave.evidence.measured_at": "2026-11-23T11:59:00Z",
        "repave.evidence.outcome": "breached",
        "repave.evidence.found": True,
        "repave.evidence.samples": ["kernel: no space left on device"],
    }
    assert errors["repave.evidence.reason"] == "no row"
    assert not {"repave.evidence.value", "repave.evidence.samples"} & errors.keys()
    assert host["repave.evidence.value"] == "ok"


def test_a_call_is_a_client_span_under_its_step() -> None:
    spans = told("replaced")
    call = spans["autoscaling.SetDesiredCapacity"]
    assert call.kind == Span.SPAN_KIND_CLIENT
    assert call.parent_span_id == spans["launch"].span_id
    assert seconds(call) == pytest.approx(0.3)
    expected = {
        "rpc.system": "aws-api",
        "rpc.service": "autoscaling",
        "rpc.method": "SetDesiredCapacity",
        "cloud.region": "eu-west-1",
        "repave.call.arguments": '{"group": "web-prod"}',
        "repave.call.result": '{"desired": 9}',
        "repave.call.outcome": "ok",
    }
    assert expected.items() <= values(call.attributes).items()
    assert call.status.code == Status.STATUS_CODE_UNSET


def test_calls_on_the_way_back_hang_under_undo_and_say_what_went_wrong() -> None:
    spans = told("undone")
    call = spans["autoscaling.TerminateInstanceInAutoScalingGroup"]
    assert call.parent_span_id == spans["undo"].span_id
    assert (call.status.code, call.status.message) == (Status.STATUS_CODE_ERROR, "busy")
    assert values(call.attributes)["error.type"] == "ScalingActivityInProgress"
    cut = spans["elasticloadbalancing.DeregisterTargets"]
    assert cut.status.message == "cut by a crash"
    assert values(cut.attributes)["error.type"] == "unknown"


def test_a_failed_step_and_a_failed_replacement_are_errors_and_the_undo_is_not() -> None:
    spans = told("undone")
    for name in ("drain", "replace web"):
        assert spans[name].status.code == Status.STATUS_CODE_ERROR
        assert spans[name].status.message == "the successor i-0fresh is no longer in service"
        assert values(spans[name].attributes)["error.type"] == "successor_lost"
    assert spans["undo"].status.code == Status.STATUS_CODE_UNSET
    assert [event.name for event in spans["undo"].events] == ["undone", "undone"]
    assert values(spans["replace web"].attributes)["repave.outcome"] == "failed"


def test_the_look_before_a_step_fails_as_that_step() -> None:
    spans = told("refused_before_launch")
    assert seconds(spans["launch"]) == 0.0
    assert spans["launch"].status.message == "i-0a1b has recovered"
    assert spans["replace web"].status.code == Status.STATUS_CODE_UNSET
    assert "poll" not in spans


def test_a_look_that_waited_and_then_said_no_is_as_long_as_it_waited() -> None:
    spans = told("gave_up_waiting")
    assert seconds(spans["drain"]) == 240.0
    assert at(spans["drain"].start_time_unix_nano) == at(spans["verify"].end_time_unix_nano)
    polls = [span for span in decoded(PROJECTOR.replacement([], stories.gave_up_waiting())) if span.name == "poll"]
    assert spans["drain"].span_id in {span.parent_span_id for span in polls}


def test_a_step_that_waited_has_one_poll_span_and_its_pauses() -> None:
    spans = decoded(PROJECTOR.replacement([], stories.replaced()))
    launch = next(span for span in spans if span.name == "launch")
    polls = [span for span in spans if span.parent_span_id == launch.span_id and span.name == "poll"]
    assert [values(span.attributes)["repave.polls"] for span in polls] == [9]
    assert [event.name for event in launch.events] == ["paused", "resumed"]
    assert "held by ana" in values(launch.events[0].attributes)["repave.reason"]
    assert values(launch.attributes)["host.id"] == "i-0fresh"
    assert values(launch.attributes)["host.image.id"] == "ami-0new"
    verify = next(span for span in spans if span.name == "verify")
    assert values(verify.attributes)["repave.verification"] == "improved"
    before, after, beside = (values(event.attributes) for event in verify.events)
    assert [event.name for event in verify.events] == ["predecessor", "successor", "siblings"]
    assert (before["repave.verify.value"], before["repave.verify.breached_for_seconds"]) == (93.1, 1320.0)
    assert [after[f"repave.verify.{key}"] for key in ("readings", "breached", "min", "max", "last")] == [
        9, 0, 10.5, 12.25, 11.0,
    ]  # fmt: skip
    assert (beside["repave.verify.instances"], beside["repave.verify.median"]) == (6, 40.0)


def test_an_adopted_newcomer_is_noted_on_the_step_that_waits_for_it() -> None:
    spans = decoded(PROJECTOR.replacement([], stories.long_lived()))
    notes = [(span.name, event.name) for span in spans for event in span.events if span.name != "observe"]
    assert ("await_ready", "adopted") in notes
    assert values(spans[-1].attributes)["repave.successor.id"] == "i-0other"
    assert len([span for span in spans if span.name == "launch"]) == 1
