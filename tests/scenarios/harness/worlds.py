"""Worlds for one story each, and the way to talk to them. Blocking on purpose: time stands still meanwhile."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from controller.demo.process import RunningWorld
from controller.demo.scenario import Scenario
from tests.support.worlds import Nursery

LONGEST_ADVANCE_SECONDS = 3600


@contextmanager
def story_world(nursery: Nursery, scenario: Scenario, wire_log: Path) -> Iterator["StoryWorld"]:
    """A world whose time stands at the scenario's beginning, for as long as the context lasts."""
    running = nursery.begin(scenario, wire_log)
    try:
        with StoryWorld(running, wire_log) as world:
            yield world
    finally:
        nursery.end(running)


class StoryWorld:
    """A running world's control pages and its wire log."""

    def __init__(self, running: RunningWorld, wire_log: Path) -> None:
        self.running = running
        self._connection = HTTPConnection(urlsplit(running.control).netloc, timeout=60)
        self._wire = wire_log.open(encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._wire.close()

    def happen(self, event: dict[str, Any]) -> None:
        """Let an event of the control pages happen."""
        self._ask("POST", "events", event)

    def strike(self, rule: dict[str, Any]) -> None:
        """Put a fault into force."""
        self._ask("POST", "rules", rule)

    def advance(self, seconds: float) -> None:
        """Move the world's time on; all that falls due happens on the way."""
        while seconds > 0:
            step = min(seconds, LONGEST_ADVANCE_SECONDS)
            self.happen({"kind": "time", "advance_seconds": step})
            seconds -= step

    def state(self) -> dict[str, Any]:
        """Every group with its members."""
        groups: dict[str, Any] = self._ask("GET", "state")["groups"]
        return groups

    def new_lines(self) -> list[dict[str, Any]]:
        """What the wire log got since the last call."""
        return [json.loads(line) for line in self._wire]

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        payload = None if body is None else json.dumps(body)
        self._connection.request(method, f"/_world/{path}", payload)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise ValueError(f"{body}: {answer['error']}")
        return answer
