"""Who said it stands in the events, from which the trace is made; and what was asked for is carried out as such."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from controller.act.accept import acceptance, approved, proposal
from controller.decide.looks import Go, before_launch
from controller.domain.lifecycle import Kind, Outcome
from controller.domain.model import Hold
from controller.domain.policy import Mode
from controller.domain.request import Abort, RequestKind
from controller.record.story import story
from tests.act.stage import Stage, ended
from tests.journal.test_requests import proposal as made
from tests.journal.test_requests import wish
from tests.support.builders import candidate, instance, judgement, policy, replacement, snapshot
from tests.support.virtual import VirtualClock, run


def test_an_abort_carries_its_name_into_the_trace() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: stage.calls)
        await stage.book.abort(Abort(accepted.id, "ben@desk", "wrong one", clock.now()))
        done = await driving
        assert ended(done)[:2] == (Outcome.ABORTED, "aborted")
        assert (stage.calls, stage.is_whole()) == (["launch", "terminate"], True)
        spans = {span.name: span for span in story(await stage.events(accepted))}
        assert named(spans)["ben@desk"] == ["launch"]
        assert spans["replace web"].attributes["repave.reason"] == "aborted by ben@desk: wrong one"
        assert spans["replace web"].attributes["repave.outcome"] == "aborted"

    run(main)


def named(spans: dict[str, Any]) -> dict[str, list[str]]:
    """Whose name stands on which span, or on a note upon it."""
    found: dict[str, list[str]] = {}
    for name, span in spans.items():
        told = [span.attributes, *(note.attributes for note in span.notes)]
        for by in {item["user.name"] for item in told if item.get("user.name")}:
            found.setdefault(by, []).append(name)
    return found


def test_a_hold_and_its_end_carry_the_names_of_who_said_them() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: stage.calls)
        await stage.book.hold(Hold("all", "lunch", "ann@desk", clock.now()))
        await clock.sleep(60)
        await stage.book.resume("all", "cleo@desk", clock.now())
        await driving
        paused, resumed = await stage.the(accepted, Kind.PAUSED), await stage.the(accepted, Kind.RESUMED)
        assert paused.facts["by"] == "ann@desk"
        assert resumed.facts == {"reason": "cleo@desk ended the hold", "by": "cleo@desk"}
        assert set(named({span.name: span for span in story(await stage.events(accepted))})) == {
            "ann@desk",
            "cleo@desk",
        }

    run(main)


def test_a_hold_that_runs_out_is_ended_by_nobody() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: stage.calls)
        now = clock.now()
        await stage.book.hold(Hold("all", "lunch", "ann", now, now + timedelta(seconds=60)))
        await driving
        assert (await stage.the(accepted, Kind.RESUMED)).facts == {"reason": "the hold is over"}

    run(main)


def test_what_is_proposed_has_the_candidate_s_causes() -> None:
    asked = proposal(candidate(), snapshot((instance(),)), "r-1")
    assert (asked.kind, asked.causes, asked.verdict, asked.by) == (
        RequestKind.PROPOSED,
        ("errors",),
        "degraded",
        "repave",
    )
    assert asked.fleet == "web"


def test_what_a_person_asked_for_is_accepted_for_that_cause_and_in_their_name() -> None:
    asked = replace(candidate(), request=wish(instance_id="i-1"))
    assert approved(asked, policy()) is not None
    facts = acceptance(asked, snapshot((instance(),)), policy(), "r-9").facts
    assert (facts["causes"], facts["by"], facts["request"]["reason"]) == (["requested"], "ana", "odd noises")
    (root, *_) = story([acceptance(asked, snapshot((instance(),)), policy(), "r-9")])[::-1]
    assert (root.attributes["user.name"], root.attributes["repave.request.reason"]) == ("ana", "odd noises")


def test_without_a_person_the_daemon_says_so_and_a_proposal_of_another_mode_is_none() -> None:
    asked = replace(candidate(), request=made(instance_id="i-1"))
    assert approved(asked, policy()) is None
    assert approved(asked, policy(mode=Mode.ASK)) is not None
    facts = acceptance(asked, snapshot((instance(),)), policy(), "r-1").facts
    assert (facts["causes"], facts["by"], facts["request"]) == (["errors"], "repave", None)


def test_what_a_person_asked_for_never_counts_as_recovered() -> None:
    members = (instance("i-1"),)
    asked = replacement(facts={"causes": ["requested"]}, causes=("requested",))
    assert before_launch(snapshot(members), judgement(members), asked) == Go()
