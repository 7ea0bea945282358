"""What is usually done about unhealthy containers: a loop that lists them every few seconds and restarts them in place.

So does the well-known autoheal script: `docker ps --filter health=unhealthy` every 5 seconds, then `docker restart`.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.docker_engine import Api, Refused

EVERY_SECONDS = 5.0
"""Its default."""

STOP_SECONDS = 10
"""How long it lets a container take to stop; its default."""


@asynccontextmanager
async def restarting_healer(api: Api, label: str, every_seconds: float = EVERY_SECONDS) -> AsyncIterator[list[float]]:
    """The loop, for as long as the context lasts; when it told the engine to restart something, as it goes on."""
    restarts: list[float] = []
    loop = asyncio.ensure_future(_loop(api, label, every_seconds, restarts))
    try:
        yield restarts
    finally:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop


async def _loop(api: Api, label: str, every_seconds: float, restarts: list[float]) -> None:
    while True:
        filters = {"label": [label], "health": ["unhealthy"]}
        for found in await api.call("GET", "/containers/json", filters=filters):
            restarts.append(time.time())
            with suppress(Refused):
                await api.call("POST", f"/containers/{found['Id']}/restart", t=STOP_SECONDS)
        await asyncio.sleep(every_seconds)
