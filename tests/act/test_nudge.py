"""Looks that a platform asks for: at once, then with pauses. On virtual time."""

from controller.act.nudge import Nudge
from tests.support.virtual import START, VirtualClock, run


class Woken:
    """When the fleet was asked to look, in seconds since the start."""

    def __init__(self, clock: VirtualClock) -> None:
        self.at: list[float] = []
        self._clock = clock

    def __call__(self) -> None:
        self.at.append((self._clock.now() - START).total_seconds())


def test_the_first_word_is_passed_on_at_once_and_again_after_a_quiet_time() -> None:
    async def main(clock: VirtualClock) -> None:
        woken = Woken(clock)
        nudge = Nudge(clock, woken)
        nudge()
        assert woken.at == [0]
        await clock.sleep(1.5)
        nudge()
        await clock.sleep(60)
        nudge()
        await clock.sleep(60)
        assert woken.at == [0, 1.5, 61.5]

    run(main)


def test_what_comes_together_is_one_look_more() -> None:
    async def main(clock: VirtualClock) -> None:
        woken = Woken(clock)
        nudge = Nudge(clock, woken)
        for _ in range(20):
            nudge()
        await clock.sleep(0.3)
        nudge()
        await clock.sleep(60)
        assert woken.at == [0, 1]

    run(main)


def test_what_never_stops_is_looked_at_less_and_less_but_never_left() -> None:
    async def main(clock: VirtualClock) -> None:
        woken = Woken(clock)
        nudge = Nudge(clock, woken)
        for _ in range(500):
            nudge()
            await clock.sleep(0.1)
        assert woken.at == [0, 1, 3, 7, 15, 23, 31, 39, 47]
        await clock.sleep(60)
        assert woken.at[9:] == [55], "the last word is not lost"
        nudge()
        await clock.sleep(1.5)
        nudge()
        assert [round(at, 3) for at in woken.at[10:]] == [110, 111.5], "and then it begins again"

    run(main)
