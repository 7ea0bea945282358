"""Starts and stops an embedded world as a child process: for `repave demo` and for tests."""

import asyncio
import importlib.util
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from controller.demo.scenario import Scenario

LONGEST_LINE_BYTES = 1 << 20
KEPT_ERROR_LINES = 20
PATIENCE_SECONDS = 5.0


class WorldError(Exception):
    """The embedded AWS could not be started; the message is for a person."""


@dataclass(frozen=True, slots=True)
class WorldGroupInfo:
    """A group as it was when the world began."""

    name: str
    target_groups: tuple[str, ...]
    instances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunningWorld:
    """An embedded AWS that answers at `endpoint`; `control` is the root of its `/_world` pages."""

    endpoint: str
    control: str
    region: str
    pid: int
    groups: tuple[WorldGroupInfo, ...]

    def environment(
        self, base: Mapping[str, str] | None = None, access_key_id: str = "AKIAREPAVEDEMO"
    ) -> dict[str, str]:
        """The environment for a process that is to see this AWS and no other.

        Every AWS variable of `base` (by default of this process) is dropped, so that no profile, token or endpoint of a
        person's own account can be reached by mistake. The world accepts any key, and logs it to tell callers apart.
        """
        return {
            **_without_aws(os.environ if base is None else base),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ACCESS_KEY_ID": access_key_id,
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "REPAVE_AWS_REQUEST_SHARE": "50",  # nobody else asks this AWS, and its minutes are seconds
        }


def _without_aws(base: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in base.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    direct = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return {**kept, **nowhere, **direct}


@asynccontextmanager
async def running_world(
    scenario: Scenario,
    *,
    wire_log: Path | None = None,
    port: int = 0,
    speed: float = 1.0,
    ready_within_seconds: float = 30.0,
) -> AsyncIterator[RunningWorld]:
    """Run a world for as long as the context lasts. Raises WorldError when it does not come up in time.

    The child ends by itself when this process dies, however it dies. A Ctrl-C at the terminal does not reach it, so
    that whoever uses the world can still finish with it.
    """
    _require_emulator()
    arguments = ["--scenario", "-", "--port", str(port), "--speed", str(speed), "--parent", str(os.getpid())]
    if wire_log is not None:
        arguments += ["--wire-log", str(wire_log)]
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller.demo.world", *arguments),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=LONGEST_LINE_BYTES,
        env=_without_aws(os.environ),
        start_new_session=True,
    )
    complaints: deque[str] = deque(maxlen=KEPT_ERROR_LINES)
    listener = asyncio.create_task(_listen(child, complaints))
    try:
        yield await _until_ready(child, scenario, ready_within_seconds, complaints, listener)
    finally:
        await _stop(child)
        await listener


def _require_emulator() -> None:
    if any(importlib.util.find_spec(module) is None for module in ("moto", "flask", "flask_cors")):
        raise WorldError("The embedded AWS needs moto, which is not installed: pip install 'repave[demo]'")


async def _until_ready(
    child: Process, scenario: Scenario, within_seconds: float, complaints: deque[str], listener: asyncio.Task[None]
) -> RunningWorld:
    if child.stdin is None or child.stdout is None:
        raise WorldError("The embedded AWS has no standard input or output.")
    try:
        async with asyncio.timeout(within_seconds):
            with suppress(ConnectionError):
                child.stdin.write(scenario.model_dump_json().encode())
                await child.stdin.drain()
                child.stdin.close()
            line = await child.stdout.readline()
    except TimeoutError:
        raise WorldError(f"The embedded AWS did not answer within {within_seconds:g} s.") from None
    if not line:
        await listener
        raise WorldError("The embedded AWS ended at once: " + ("\n".join(complaints) or f"exit {child.returncode}"))
    ready = json.loads(line)
    groups = tuple(
        WorldGroupInfo(group["name"], tuple(group["target_groups"]), tuple(group["instances"]))
        for group in ready["groups"]
    )
    return RunningWorld(ready["endpoint"], ready["control"], ready["region"], ready["pid"], groups)


async def _listen(child: Process, complaints: deque[str]) -> None:
    """Keep the last lines that the child writes to standard error, so that its pipe never fills up."""
    if child.stderr is None:
        return
    async for line in child.stderr:
        complaints.append(line.decode("utf-8", "replace").rstrip())


async def _stop(child: Process) -> None:
    """Ask this one process to end, then make it."""
    for ask in (child.terminate, child.kill):
        if child.returncode is not None:
            break
        with suppress(ProcessLookupError):
            ask()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await child.wait()
