"""The process is alive as long as every fleet is looked at in time."""

from datetime import timedelta

from controller.app.heartbeat import GRACE, Heartbeat
from tests.support.virtual import VirtualClock, run

ALMOST = GRACE.total_seconds() - 1


def test_alive_before_the_first_tick() -> None:
    async def main(clock: VirtualClock) -> None:
        assert Heartbeat(clock).answer().good

    run(main)


def test_a_look_that_does_not_begin_in_time_is_stuck() -> None:
    async def main(clock: VirtualClock) -> None:
        heartbeat = Heartbeat(clock)
        heartbeat.ended("web", clock.now() + timedelta(seconds=30))
        await clock.sleep(30 + ALMOST)
        assert heartbeat.answer().good
        await clock.sleep(2)
        answer = heartbeat.answer()
        assert not answer.good
        assert answer.sentence.startswith("stuck: web should have been looked at by now; the last heartbeat was 91 s")

    run(main)


def test_a_look_that_does_not_end_in_time_is_stuck_whatever_the_others_do() -> None:
    async def main(clock: VirtualClock) -> None:
        heartbeat = Heartbeat(clock)
        heartbeat.began("web", longest_seconds=300)
        await clock.sleep(300 + ALMOST)
        heartbeat.ended("api", clock.now())
        assert heartbeat.answer().good
        await clock.sleep(2)
        assert "stuck: web should" in heartbeat.answer().sentence

    run(main)


def test_a_long_pause_that_was_planned_is_alive() -> None:
    async def main(clock: VirtualClock) -> None:
        heartbeat = Heartbeat(clock)
        heartbeat.ended("web", clock.now() + timedelta(hours=2))
        await clock.sleep(7200)
        assert heartbeat.answer().good

    run(main)
