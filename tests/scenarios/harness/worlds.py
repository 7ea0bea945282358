"""Worlds for one story each, and the way to talk to them. Blocking on purpose: time stands still meanwhile."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from controller.demo.process import RunningWorld, WorldGroupInfo
from controller.demo.scenario import Scenario

LONGEST_ADVANCE_SECONDS = 3600


class Nursery:
    """One process with the emulator loaded, from which worlds are forked. Close it at the end."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.scenarios.harness.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def close(self) -> None:
        """No more worlds."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    @contextmanager
    def world(self, scenario: Scenario, wire_log: Path) -> Iterator["StoryWorld"]:
        """A world whose time stands at the scenario's beginning, for as long as the context lasts."""
        ready = self._ask({"scenario": scenario.model_dump(mode="json"), "wire_log": str(wire_log)})
        groups = tuple(
            WorldGroupInfo(group["name"], tuple(group["target_groups"]), tuple(group["instances"]))
            for group in ready["groups"]
        )
        running = RunningWorld(ready["endpoint"], ready["control"], ready["region"], ready["pid"], groups)
        try:
            with StoryWorld(running, wire_log) as world:
                yield world
        finally:
            self._ask({"end": running.pid})

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the nursery of worlds is gone; its complaint is on standard error")
        answer: dict[str, Any] = json.loads(line)
        return answer


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
