"""A stop by the platform's own means (a tag): it pauses as a hold does, and what cannot be told is no leave to act."""

from controller.domain.lifecycle import Outcome
from tests.act.stage import Stage, ended
from tests.simulation.daemon import POLICY
from tests.support.virtual import VirtualClock, run


def test_a_tag_in_the_middle_stops_every_step_and_its_deadline() -> None:
    async def main(clock: VirtualClock) -> None:
        for subject in ("i-02", "web"):
            stage = Stage(clock)
            accepted = await stage.accept()
            driving = stage.begin(accepted)
            await stage.until(lambda stage=stage: stage.calls)  # type: ignore[misc]
            stage.world.stops[subject] = f"{subject} bears the tag"
            await clock.sleep(2000)
            assert (stage.calls, driving.done()) == (["launch"], False)
            assert stage.runner.waiting_for[accepted.id] == f"{subject} bears the tag"
            stage.world.stops.clear()
            done = await driving
            assert ended(done)[0] is Outcome.REPLACED
            assert 1990 < done.total_paused_seconds <= 2000 + POLICY.poll_seconds
            told = [line for line in await stage.told(accepted) if line in ("paused", "resumed")]
            assert told == ["paused", "resumed"]

    run(main)


def test_a_tag_on_the_successor_stops_it_too() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: stage.calls)
        stage.world.stops[stage.world.launched[0]] = "the newcomer is being looked at"
        await clock.sleep(3000)
        assert (stage.calls, driving.done()) == (["launch"], False)
        stage.world.stops.clear()
        assert ended(await driving)[0] is Outcome.REPLACED

    run(main)


def test_while_nobody_can_tell_nothing_is_done_and_the_deadline_ends_the_wait() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: stage.calls)
        stage.world.stops_unread = True
        await clock.sleep(POLICY.deadlines.launch_seconds + 120)
        assert stage.calls == ["launch"], "neither forward nor back"
        stage.world.stops_unread = False
        assert ended(await driving)[:2] == (Outcome.FAILED, "deadline")
        assert stage.is_whole()

    run(main)


def test_a_pause_goes_on_while_nobody_can_tell_that_it_is_over() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: stage.calls)
        stage.world.stops["i-02"] = "stop"
        await stage.until(lambda: stage.runner.waiting_for.get(accepted.id) == "stop")
        stage.world.stops.clear()
        stage.world.stops_unread = True
        await clock.sleep(4000)
        assert "cannot be told" in stage.runner.waiting_for[accepted.id]
        stage.world.stops_unread = False
        assert ended(await driving)[0] is Outcome.REPLACED

    run(main)


def test_a_way_back_that_nobody_may_go_ends_in_time_and_names_what_it_left() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        accepted = await stage.accept()
        driving = stage.begin(accepted)
        await stage.until(lambda: stage.calls)
        stage.world.stops_unread = True
        done = await driving
        assert ended(done)[0] is Outcome.FAILED
        assert stage.calls == ["launch"]
        (closed,) = [item for item in await stage.events(done) if item.kind == "closed"]
        assert closed.facts["left_behind"]

    run(main)
