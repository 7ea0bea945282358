"""Looks that a platform asks for by itself: the first at once, and then no more than the pauses between them allow."""

import asyncio
from collections.abc import Callable

from controller.domain.ports import Clock

FIRST_PAUSE_SECONDS = 1.0
MOST_PAUSE_SECONDS = 8.0


class Nudge:
    """Calls `wake` when it is called, but never twice within a pause: what comes in between is one look at its end.

    A pause in which something came is followed by one twice as long, up to a limit, so that a container which fails
    again and again does not keep a fleet looking.
    """

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._again = False
        self._pausing: asyncio.Task[None] | None = None

    def __call__(self) -> None:
        """Something changed."""
        if self._pausing is not None and not self._pausing.done():
            self._again = True
            return
        self._wake()
        self._pausing = asyncio.create_task(self._pause(), name="pause between looks")

    async def _pause(self) -> None:
        seconds = FIRST_PAUSE_SECONDS
        await self._clock.sleep(seconds)
        while self._again:
            self._again = False
            self._wake()
            seconds = min(2 * seconds, MOST_PAUSE_SECONDS)
            await self._clock.sleep(seconds)
