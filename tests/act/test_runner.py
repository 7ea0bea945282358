"""Driving one replacement to its end, whatever comes in between; `test_deadlines` has the waits that end."""

from dataclasses import replace
from datetime import timedelta

from controller.domain.errors import Throttled, Transient
from controller.domain.lifecycle import Kind, Outcome
from controller.domain.model import Hold, Image
from controller.domain.ports import Adopted, Progress, Work
from controller.domain.replacement import Event
from controller.domain.veto import Needs, Veto
from tests.act.stage import Directed, Stage, after, ended
from tests.simulation.daemon import POLICY
from tests.support.virtual import VirtualClock, run

STEPS = ("launch", "await_ready", "verify", "drain", "terminate")
BUSY = Veto("platform_busy", "a refresh is under way", Needs.WORLD)


def test_from_acceptance_to_a_good_end() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        done = await stage.drive(accepted)
        assert ended(done) == (Outcome.REPLACED, None, "improved")
        assert stage.calls == ["launch", "drain", "terminate"]
        assert stage.is_whole()
        told = await stage.told(accepted)
        assert [line for line in told if "started" in line] == [f"{step} started" for step in STEPS]
        assert told[-2:] == ["terminate succeeded", "closed"]

    run(main)


def test_a_sick_predecessor_is_kept_when_it_recovers_and_the_successor_goes() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept("errors")
        after(stage, "launch", lambda: setattr(stage.world.members["i-02"], "bad", False))
        done = await stage.drive(accepted)
        assert ended(done)[:2] == (Outcome.ABORTED, "recovered")
        assert stage.calls == ["launch", "terminate"]
        assert stage.is_whole()
        assert "i-02" in stage.world.members

    run(main)


def test_a_predecessor_that_goes_by_itself_is_superseded_and_only_the_surplus_is_removed() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()

        def platform_replaces_it() -> None:
            world, now = stage.world, clock.now()
            gone = world.members.pop("i-02")
            assert world.launch_image is not None
            world._add(gone.zone, world.launch_image, now, now)

        after(stage, "launch", platform_replaces_it)
        done = await stage.drive(accepted)
        assert ended(done)[:2] == (Outcome.SUPERSEDED, "predecessor_gone")
        assert [(item.call, item.instance) for item in stage.world.wire[1:]] == [("terminate", done.successor)]
        assert stage.is_whole()

    run(main)


def test_protection_in_the_middle_turns_back() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        after(stage, "launch", lambda: setattr(stage.world.members["i-02"], "protected", True))
        done = await stage.drive(accepted)
        assert ended(done)[:2] == (Outcome.ABORTED, "protected")
        assert (stage.calls, stage.is_whole()) == (["launch", "terminate"], True)

    run(main)


def test_protection_after_the_drain_puts_it_back_to_work() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        after(stage, "drain", lambda: setattr(stage.world.members["i-02"], "protected", True))
        done = await stage.drive(accepted)
        assert ended(done)[:2] == (Outcome.ABORTED, "protected")
        assert stage.calls == ["launch", "drain", "undrain", "terminate"]
        assert stage.is_whole()
        assert done.drain_undone
        assert (await stage.told(accepted))[-3:] == ["drain undone", "launch undone", "closed"]

    run(main)


def test_a_busy_platform_in_the_middle_is_waited_for() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        after(stage, "launch", lambda: setattr(stage.world, "group_vetoes", (BUSY,)))
        driving = stage.begin(accepted)
        waiting = stage.runner.waiting_for
        await stage.until(lambda: waiting.get(accepted.id) == "platform_busy: a refresh is under way")
        stage.world.group_vetoes = ()
        done = await driving
        assert ended(done)[0] is Outcome.REPLACED
        assert waiting == {}

    run(main)


def test_evidence_that_aged_before_the_launch_is_looked_at_again() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept("errors")
        stage.world.members["i-02"].bad = False
        await clock.sleep(POLICY.tick_seconds + 1)
        await stage.lease()
        done = await stage.drive(accepted)
        assert ended(done)[:2] == (Outcome.ABORTED, "recovered")
        assert stage.calls == []

    run(main)


def test_a_hold_in_the_middle_stops_every_step_and_its_deadline() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: stage.calls)
        await stage.book.hold(Hold("instance:i-02", "lunch", "ann", clock.now()))
        await clock.sleep(2000)
        assert (stage.calls, driving.done()) == (["launch"], False)
        assert "held by ann" in stage.runner.waiting_for[accepted.id]
        await stage.book.resume("instance:i-02", "ann", clock.now())
        done = await driving
        assert ended(done)[0] is Outcome.REPLACED
        assert 1990 < done.total_paused_seconds <= 2000 + POLICY.poll_seconds
        assert [line for line in await stage.told(accepted) if line in ("paused", "resumed")] == ["paused", "resumed"]

    run(main)


def test_after_a_hold_the_predecessor_is_looked_at_again() -> None:
    """The hold came between the last look and the drain: what was seen before it does not count."""

    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept("errors")
        driving = stage.begin(accepted)
        await stage.until(lambda: "drain" in stage.platform.asked or stage.calls == ["launch"])
        await stage.book.hold(Hold("all", "lunch", "ann", clock.now()))
        await clock.sleep(600)
        stage.world.members["i-02"].bad = False
        await stage.book.resume("all", "ann", clock.now())
        assert ended(await driving)[:2] == (Outcome.ABORTED, "recovered")

    run(main)


def test_after_a_hold_that_came_and_went_within_a_moment_it_is_looked_at_again() -> None:
    class Held(Directed):
        async def drain(self, work: Work) -> Progress:
            world, now = self._world, self._world.clock.now()
            if self.asked.count("drain") == 1:
                world.members["i-02"].bad = False
                await stages[0].book.hold(Hold("all", "a slip", "ann", now, now + timedelta(seconds=3)))
            return await super().drain(work)

    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stages.append(stage)
        stage.platform = Held(stage.world)
        assert ended(await stage.drive(await stage.accept("errors")))[:2] == (Outcome.ABORTED, "recovered")
        assert stage.calls == ["launch", "terminate"]

    stages: list[Stage] = []
    run(main)


def test_after_a_drain_that_failed_the_predecessor_is_looked_at_again() -> None:
    """The call changed nothing, so nothing irreversible has begun."""

    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept("errors")

        async def refused(call: str) -> None:
            if call == "drain":
                stage.world.members["i-02"].bad = False
                raise Throttled("slow down")

        stage.world.before_effect = refused
        assert ended(await stage.drive(accepted))[:2] == (Outcome.ABORTED, "recovered")
        assert stage.calls == ["launch", "terminate"]

    run(main)


def test_after_a_drain_that_perhaps_happened_it_goes_on() -> None:
    """A predecessor without traffic looks recovered: its signals say nothing any more."""

    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept("errors")

        async def cut(call: str) -> None:
            if call == "drain":
                stage.world.members["i-02"].bad, stage.world.after_effect = False, None
                raise Transient("reset", perhaps=True)

        stage.world.after_effect = cut
        assert ended(await stage.drive(accepted))[0] is Outcome.REPLACED
        assert stage.calls == ["launch", "drain", "terminate"]

    run(main)


def test_a_hold_stops_the_way_back_too() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, boot_seconds=1e6)
        driving = stage.begin(accepted := await stage.accept())
        await stage.until(lambda: stage.runner.waiting_for.get(accepted.id, "").endswith("boots"))
        stage.platform.never.add("undo")
        await stage.until(lambda: "undo" in stage.platform.asked)
        await stage.book.hold(Hold("fleet:web", "lunch", "ann", clock.now()))
        await clock.sleep(5000)
        stage.platform.never.clear()
        assert stage.calls == ["launch"]
        await stage.book.resume("fleet:web", "ann", clock.now())
        assert ended(await driving)[:2] == (Outcome.FAILED, "deadline")
        assert stage.calls == ["launch", "terminate"]

    run(main)


def test_what_lasts_longer_than_50_minutes_goes_on_in_a_new_segment() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        driving = stage.begin(accepted := await stage.accept())
        await stage.until(lambda: stage.calls)
        await stage.book.hold(Hold("all", "lunch", "ann", clock.now()))
        await clock.sleep(51 * 60)
        await stage.book.resume("all", "ann", clock.now())
        done = await driving
        assert ended(done)[0] is Outcome.REPLACED
        told = await stage.told(accepted)
        assert told.count("continued") == 1
        assert told.index("continued") == told.index("resumed") + 1
        assert done.segment_since == (await stage.the(accepted, Kind.CONTINUED)).at

    run(main)


def test_a_short_one_has_one_segment() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        await stage.drive(accepted)
        assert "continued" not in await stage.told(accepted)

    run(main)


def test_the_platforms_own_replacement_of_the_newcomer_is_adopted() -> None:
    class Adopting(Directed):
        async def await_ready(self, work: Work) -> Progress | Adopted:  # type: ignore[override]
            lost = work.replacement.successor or ""
            if lost == "i-07":
                world, now = self._world, self._world.clock.now()
                world.members.pop(lost)
                assert world.launch_image is not None
                return Adopted(world._add("b", world.launch_image, now, now).id, {"reason": "replaced"})
            return await super().await_ready(work)

    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.platform = Adopting(stage.world)
        accepted = await stage.accept()
        done = await stage.drive(accepted)
        assert (done.outcome, done.successor) == (Outcome.REPLACED, "i-08")
        assert stage.calls == ["launch", "drain", "terminate"]
        adopted = [item for item in await stage.events(accepted) if item.facts.get("adopted")]
        assert [item.facts["successor"] for item in adopted] == ["i-08"]

    run(main)


def sides(event: Event) -> dict[str, int]:
    """Of what was compared for the image's age: how many readings, and how many siblings."""
    items = [item for item in event.facts["sides"] if item["rule"] == "max_image_age"]
    return {item["side"]: item.get("readings", item.get("instances")) for item in items}


def test_what_was_compared_is_journaled_with_the_verification() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        await stage.drive(accepted)
        (verified,) = [item for item in await stage.events(accepted) if "verification" in item.facts]
        assert sides(verified) == {"successor": 1, "siblings": 5}

    run(main)


def test_a_successor_no_better_opens_the_breaker_of_its_cause() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, rotting_images=frozenset({"image-rotten"}))
        stage.world.launch_image = Image("image-rotten", clock.now())
        accepted = await stage.accept()
        done = await stage.drive(accepted)
        assert ended(done) == (Outcome.FAILED, "worse", "worse")
        (breaker,) = await stage.book.breakers("web")
        assert (breaker.fleet, breaker.cause) == ("web", "max_image_age")
        assert breaker.reason.startswith(f"{accepted.id}: i-07 does not serve")
        assert sides(await stage.the(accepted, Kind.FAILED)) == {"successor": 1, "siblings": 5}
        assert stage.is_whole()

    run(main)


def test_an_older_policy_that_nobody_knows_any_more_is_followed_by_the_present_one() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, replace(POLICY, hash="p2"))
        assert ended(await stage.drive(await stage.accept()))[0] is Outcome.REPLACED

    run(main)


def test_a_successor_that_is_lost_before_the_drain_takes_nothing_with_it() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(
            lambda: (
                "verify started" in stage.runner.waiting_for.get(accepted.id, "")
                or "baking" in stage.runner.waiting_for.get(accepted.id, "")
            )
        )
        stage.world.members.pop("i-07")
        stage.world.desired -= 1
        assert ended(await driving)[:2] == (Outcome.FAILED, "successor_lost")
        assert await stage.book.breakers("web") == (), "a newcomer that goes proves nothing about the cause"
        assert stage.calls == ["launch"]
        assert stage.is_whole()

    run(main)
