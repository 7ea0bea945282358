"""What goes on beside the looks for as long as the daemon runs."""

from collections.abc import Awaitable, Callable

import structlog

from controller.domain.ports import Clock

AGAIN_SECONDS = 30.0

log = structlog.get_logger("repave")


async def for_ever(run: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Run it. Where it breaks as it never should, that is said, and it begins again: nobody would miss it."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("what goes on beside the looks broke, and begins again", again_in_seconds=AGAIN_SECONDS)
        await clock.sleep(AGAIN_SECONDS)
