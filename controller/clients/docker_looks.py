"""What several rules ask about one container at one moment is asked once: on some engines an answer takes a second."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from controller.clients.docker import Engine
from controller.clients.docker_transport import EngineAddress
from controller.domain.ports import Clock

KEPT = timedelta(seconds=4)
"""By how much a moment may be older than one that is asked about now, and still be kept. Who comes later asks again."""

Question = tuple[EngineAddress, str, str]
"""An engine, an operation and a path."""


class EngineLooks:
    """Answers of engines, one for each operation, path and moment. Close with `aclose`."""

    def __init__(self, _clock: Clock) -> None:
        self._asked: dict[datetime, dict[Question, asyncio.Task[Any]]] = {}

    async def read(self, engine: Engine, at: datetime, operation: str, path: str, query: Mapping[str, Any]) -> Any:
        """The JSON that the engine answers with, to whoever asks the same for the same moment `at`.

        What it answered for another moment is not used: a reading is never older than the moment it is for. Who is
        cancelled while it waits takes nothing from the others. Raises PlatformError as the engine's client does.
        """
        if at not in self._asked:
            self._forget(at)
        answers = self._asked.setdefault(at, {})
        question = (engine.address, operation, path)
        if question not in answers:
            answers[question] = asyncio.create_task(engine.read(operation, path, **query))
            answers[question].add_done_callback(_seen)
        return await asyncio.shield(answers[question])

    async def aclose(self) -> None:
        """End what is still under way."""
        moments, self._asked = list(self._asked.values()), {}
        tasks = [task for answers in moments for task in answers.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, at: datetime) -> None:
        old = [moment for moment in self._asked if abs(moment - at) > KEPT]
        for moment in old:
            if all(task.done() for task in self._asked[moment].values()):
                del self._asked[moment]


def _seen(task: "asyncio.Task[Any]") -> None:
    """An error that nobody waited for any more is no news."""
    if not task.cancelled():
        task.exception()
