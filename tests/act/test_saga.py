"""Intent before effect, once: what is journaled before and after each mutation, whatever happens to it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from controller.act.saga import Saga
from controller.domain.errors import Gone, Held, IllegalTransition, JournalUnavailable, LeaseLost, Throttled, Transient
from controller.domain.lifecycle import Kind, Outcome, Step
from controller.domain.model import Hold
from controller.domain.replacement import Event, fold
from tests.act.stage import Stage
from tests.support.virtual import VirtualClock, run

Main = Callable[[Stage, Saga, list[str]], Awaitable[None]]


class Noting:
    """A journal that notes every event as it is written."""

    def __init__(self, journal: Any, notes: list[str]) -> None:
        self._journal, self._notes = journal, notes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    async def append(self, events: Sequence[Event], lease: Any) -> None:
        await self._journal.append(events, lease)
        self._notes += [f"{item.kind} {item.facts.get('outcome', '')}".strip() for item in events]


def on_stage(main: Main) -> None:
    """Run it with a saga whose launch has started; notes hold what was journaled and performed, in order."""

    async def body(clock: VirtualClock) -> None:
        stage, notes = Stage(clock), list[str]()
        stage.journal = Noting(stage.book, notes)
        saga = stage.saga(await stage.accept())
        await saga.record((Kind.STARTED, Step.LAUNCH, {}))
        notes.clear()
        await main(stage, saga, notes)

    run(body)


def performing(notes: list[str], raises: BaseException | None = None) -> Callable[[], Awaitable[str]]:
    async def perform() -> str:
        notes.append("performed")
        if raises:
            raise raises
        return "the answer"

    return perform


def test_the_intent_is_journaled_then_the_deed_is_done_then_its_outcome_is_journaled() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        answer = await saga.mutate("world.Launch", {"members": ["i-01"]}, performing(notes))
        assert answer == "the answer"
        assert notes == ["called", "performed", "returned ok"]
        called, returned = (await stage.events(saga.state))[-2:]
        assert (called.step, called.facts) == (
            Step.LAUNCH,
            {"call": "world.Launch", "ordinal": 0, "arguments": {"members": ["i-01"]}},
        )
        assert (returned.step, returned.facts["ordinal"]) == (Step.LAUNCH, 0)
        assert saga.state == fold(await stage.events(saga.state))

    on_stage(main)


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (Throttled("slow down", code="ThrottlingException"), "failed", "ThrottlingException"),
        (Gone("no such group"), "failed", "gone"),
        (Transient("reset", code="timeout", perhaps=True), "unknown", "timeout"),
        (ValueError("a bug of ours"), "unknown", "ValueError"),
    ],
)
def test_an_error_is_journaled_and_goes_on(error: Exception, outcome: str, code: str) -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        with pytest.raises(type(error), match=str(error)):
            await saga.mutate("world.Launch", {}, performing(notes, error))
        assert notes == ["called", "performed", f"returned {outcome}"]
        facts = (await stage.the(saga.state, Kind.RETURNED)).facts
        assert (facts["outcome"], facts["code"], facts["error"]) == (outcome, code, str(error))
        assert (saga.state.in_doubt is not None) is (outcome == "unknown")

    on_stage(main)


def test_calls_are_numbered_and_on_the_way_back_belong_to_no_step() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        await saga.mutate("world.Launch", {}, performing(notes))
        await saga.record((Kind.FAILED, Step.LAUNCH, {"reason": "so", "error_type": "no", "outcome": "failed"}))
        await saga.mutate("world.Terminate", {}, performing(notes))
        assert [(call.step, call.ordinal) for call in saga.state.calls] == [(Step.LAUNCH, 0), (None, 1)]

    on_stage(main)


@pytest.mark.parametrize("scope", ["all", "fleet:web", "instance:i-02"])
def test_a_hold_forbids_the_deed(scope: str) -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        await stage.book.hold(Hold(scope, "lunch", "ann", stage.clock.now()))
        before = saga.state
        with pytest.raises(Held, match="held by ann until resumed: lunch"):
            await saga.mutate("world.Launch", {}, performing(notes))
        assert notes == []
        assert saga.state == before == fold(await stage.events(before))

    on_stage(main)


def test_a_hold_does_not_forbid_to_journal_what_happened() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        async def held_meanwhile() -> None:
            await stage.book.hold(Hold("all", "lunch", "ann", stage.clock.now()))

        await saga.mutate("world.Launch", {}, held_meanwhile)
        assert notes == ["called", "returned ok"]

    on_stage(main)


def test_a_lease_that_is_nearly_over_forbids_the_deed_but_not_its_outcome() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        await stage.clock.sleep(20.5)
        with pytest.raises(LeaseLost, match=r"the lease for fleet web ends in 9\.5 s"):
            await saga.mutate("world.Launch", {}, performing(notes))
        assert notes == []
        await saga.record((Kind.FAILED, Step.LAUNCH, {"reason": "so", "error_type": "no", "outcome": "failed"}))
        assert saga.state.undoing

    on_stage(main)


def test_a_lease_of_somebody_else_forbids_everything() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        await stage.clock.sleep(31)
        assert await stage.book.acquire("web", "another", 30.0, stage.clock.now())
        with pytest.raises(LeaseLost):
            await saga.record((Kind.FAILED, Step.LAUNCH, {}))
        with pytest.raises(LeaseLost):
            await saga.mutate("world.Launch", {}, performing(notes))
        assert notes == []
        assert not saga.state.undoing

    on_stage(main)


def test_being_cancelled_in_the_middle_of_a_deed_lets_it_finish_and_journals_it() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        async def slow() -> None:
            await stage.clock.sleep(5)
            notes.append("performed")

        task = asyncio.ensure_future(saga.mutate("world.Launch", {}, slow))
        await stage.clock.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert notes == ["called", "performed", "returned ok"]

    on_stage(main)


def test_a_call_that_a_crash_cut_is_closed_as_unknown_once() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        await saga.record((Kind.CALLED, Step.LAUNCH, {"call": "world.Launch", "ordinal": 0, "arguments": {}}))
        recovered = stage.saga(fold(await stage.events(saga.state)))
        await recovered.settle()
        await recovered.settle()
        facts = (await stage.the(saga.state, Kind.RETURNED)).facts
        assert facts == {"call": "world.Launch", "ordinal": 0, "outcome": "unknown", "error": "cut by a crash"}
        assert recovered.state.in_doubt is not None

    on_stage(main)


def test_an_event_that_the_table_forbids_is_never_journaled() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        before = saga.state
        with pytest.raises(IllegalTransition):
            await saga.record((Kind.FAILED, Step.LAUNCH, {}), (Kind.STARTED, Step.DRAIN, {}))
        assert (notes, saga.state) == ([], before)

    on_stage(main)


def test_several_events_are_one_transaction() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        ends = {"outcome": Outcome.FAILED.value}
        failed = (Kind.FAILED, Step.LAUNCH, {"reason": "so", "error_type": "no", "outcome": "failed"})
        await saga.record(failed, (Kind.UNDONE, Step.LAUNCH, {}), (Kind.CLOSED, None, ends))
        events = await stage.events(saga.state)
        assert [item.ordinal for item in events] == list(range(5))
        assert {item.at for item in events[2:]} == {stage.clock.now()}
        assert not saga.state.open

    on_stage(main)


def test_what_it_waited_for_is_forgotten_with_the_phase_and_not_before() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        saga.polls, saga.waiting_for = 3, "the newcomer"
        await saga.mutate("world.Launch", {}, performing(notes))
        assert (saga.polls, saga.waiting_for) == (3, "the newcomer")
        await saga.record((Kind.SUCCEEDED, Step.LAUNCH, {"successor": "i-07"}))
        assert (saga.polls, saga.waiting_for) == (0, "")

    on_stage(main)


def test_a_journal_that_is_away_moves_nothing_and_a_reload_finds_the_place() -> None:
    async def main(stage: Stage, saga: Saga, notes: list[str]) -> None:
        class Away:
            async def append(self, events: Sequence[Event], lease: Any) -> None:
                await stage.book.append(events, lease)
                raise JournalUnavailable("the answer was lost")

            events = stage.book.events

        lost = Saga(saga.state, Away(), stage.tenure, stage.clock)  # type: ignore[arg-type]
        with pytest.raises(JournalUnavailable):
            await lost.record((Kind.SUCCEEDED, Step.LAUNCH, {"successor": "i-07"}))
        assert lost.state.successor is None
        await lost.reload()
        assert lost.state.successor == "i-07"

    on_stage(main)
