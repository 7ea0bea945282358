"""What several rules ask about one container at one moment is asked once: on some engines an answer takes a second."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from controller.clients.docker import Engine
from controller.clients.docker_transport import EngineAddress
from controller.domain.ports import Clock

KEPT = timedelta(seconds=60)
"""How long an answer is kept for those who ask about its very moment; a look at a fleet takes 20 s at most."""

Key = tuple[EngineAddress, str, str, datetime]


class EngineLooks:
    """Answers of engines, one for each operation, path and moment. Close with `aclose`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked: dict[Key, asyncio.Task[Any]] = {}

    async def read(self, engine: Engine, at: datetime, operation: str, path: str, query: Mapping[str, Any]) -> Any:
        """The JSON that the engine answers with, to whoever asks the same for the same moment `at`.

        What it answered for another moment is not used: a reading is never older than the moment it is for. Who is
        cancelled while it waits takes nothing from the others. Raises PlatformError as the engine's client does.
        """
        self._forget(at)
        key = (engine.address, operation, path, at)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(engine.read(operation, path, **query))
            self._asked[key].add_done_callback(_seen)
        return await asyncio.shield(self._asked[key])

    async def aclose(self) -> None:
        """End what is still under way."""
        asked, self._asked = list(self._asked.values()), {}
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    def _forget(self, at: datetime) -> None:
        old = [key for key, task in self._asked.items() if task.done() and abs(key[3] - at) > KEPT]
        for key in old:
            del self._asked[key]


def _seen(task: "asyncio.Task[Any]") -> None:
    """An error that nobody waited for any more is no news."""
    if not task.cancelled():
        task.exception()
