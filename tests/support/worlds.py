"""Embedded worlds that begin at once: forked from a process in which the emulator is loaded already.

A world of `controller.demo.process.running_world` costs seconds of a core before it answers; that it does so is shown
by tests/demo/test_process.py, and every other test has one of these.
"""

import asyncio
import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from controller.demo.process import RunningWorld, WorldGroupInfo
from controller.demo.scenario import Scenario


class Nursery:
    """The process. Close it at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        )

    def close(self) -> None:
        """No more worlds."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def begin(self, scenario: Scenario, wire_log: Path, *, frozen: bool = False) -> RunningWorld:
        """A world. frozen: its time stands from its first moment on."""
        order = {"scenario": scenario.model_dump(mode="json"), "wire_log": str(wire_log), "frozen": frozen}
        ready = self._ask(order)
        groups = tuple(
            WorldGroupInfo(group["name"], tuple(group["target_groups"]), tuple(group["instances"]))
            for group in ready["groups"]
        )
        return RunningWorld(ready["endpoint"], ready["control"], ready["region"], ready["pid"], groups)

    def end(self, world: RunningWorld) -> None:
        """End it, and wait until it is gone."""
        self._ask({"end": world.pid})

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the nursery of worlds is gone; its complaint is on standard error")
        answer: dict[str, Any] = json.loads(line)
        return answer


@cache
def nursery() -> Nursery:
    """This process's own, made when it is first asked for."""
    made = Nursery()
    atexit.register(made.close)
    return made


@asynccontextmanager
async def forked_world(scenario: Scenario, wire_log: Path, *, frozen: bool = False) -> AsyncIterator[RunningWorld]:
    """A world for as long as the context lasts. frozen: its time stands from its first moment on."""
    worlds = await asyncio.to_thread(nursery)
    world = await asyncio.to_thread(worlds.begin, scenario, wire_log, frozen=frozen)
    try:
        yield world
    finally:
        await asyncio.to_thread(worlds.end, world)
