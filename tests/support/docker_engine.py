"""A real Docker engine for the tests: the one that answers, else one that is started and ended by the tests themselves.

`Api` may do everything that Repave may not (exec, restart, update ...): it is the tests' own hand on the engine.
"""

import asyncio
import fcntl
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector

from tests.support.eventually import eventually

SOCKET = Path("/var/run/docker.sock")
SHARED = Path("/tmp/repave-tests-engine")
"""What test runs side by side share: a lock that each holds while it uses an engine, and the pid of theirs."""


class Refused(AssertionError):
    """The engine said no. status: of its answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status


@dataclass(frozen=True)
class Api:
    """Calls to one engine. Bound to no loop: every call is a connection of its own."""

    socket: Path = SOCKET

    @property
    def url(self) -> str:
        """The engine's address as a configuration says it."""
        return f"unix://{self.socket}"

    async def call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """The answer's JSON (bytes where it is none, None where it is empty). Raises Refused at 400 and above.

        body: JSON, or bytes (a tar). query: mappings and lists are sent as JSON.
        """
        sent: dict[str, Any] = {"data": io.BytesIO(body)} if isinstance(body, bytes) else {"json": body}
        if isinstance(body, bytes):
            sent["headers"] = {"Content-Type": "application/x-tar"}
        parameters = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
        async with (
            ClientSession(connector=UnixConnector(str(self.socket)), timeout=ClientTimeout(120)) as session,
            session.request(method, f"http://docker{path}", params=parameters, **sent) as response,
        ):
            content = await response.read()
        if response.status >= 400:
            raise Refused(response.status, content.decode(errors="replace").strip())
        try:
            return json.loads(content) if content else None
        except ValueError:
            return content

    async def answers(self) -> bool:
        """Whether an engine is there."""
        try:
            return bool(await self.call("GET", "/_ping"))
        except (ClientError, OSError, AssertionError):
            return False

    async def inspect(self, container: str) -> dict[str, Any]:
        """The engine's whole knowledge of one container, by name or id."""
        return dict(await self.call("GET", f"/containers/{container}/json"))

    async def containers(self, *labels: str, every: bool = True) -> list[dict[str, Any]]:
        """Those with all these labels; running ones only unless `every`."""
        return list(await self.call("GET", "/containers/json", all=every, filters={"label": list(labels)}))

    async def execute(self, container: str, *command: str) -> str:
        """Run a command in a container, as somebody who logs in would, and wait for its end; its output."""
        wanted = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True, "Tty": True}
        made = await self.call("POST", f"/containers/{container}/exec", wanted)
        output = await self.call("POST", f"/exec/{made['Id']}/start", {"Detach": False, "Tty": True})
        return output.decode() if isinstance(output, bytes) else json.dumps(output) if output is not None else ""

    async def events(self, since: float, until: float, **filters: list[str]) -> list[dict[str, Any]]:
        """What the engine says happened between two moments (seconds since the epoch), oldest first."""
        query = {"since": f"{since:.9f}", "until": f"{until:.9f}", "filters": filters}
        content = await self.call("GET", "/events", None, **query)
        lines = content.decode().splitlines() if isinstance(content, bytes) else [json.dumps(content)]
        return [told for line in lines if (told := json.loads(line))]

    @asynccontextmanager
    async def telling(self, **filters: list[str]) -> AsyncIterator[list[dict[str, Any]]]:
        """What the engine says happens, as it happens, for as long as the context lasts: it keeps only the last 256."""
        told: list[dict[str, Any]] = []
        reading = asyncio.ensure_future(
            self._tell(told, {"filters": json.dumps(filters), "since": f"{time.time():.9f}"})
        )
        try:
            yield told
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    async def _tell(self, told: list[dict[str, Any]], query: dict[str, str]) -> None:
        async with (
            ClientSession(connector=UnixConnector(str(self.socket)), timeout=ClientTimeout(None)) as session,
            session.get("http://docker/events", params=query) as response,
        ):
            async for line in response.content:
                told.append(json.loads(line))  # noqa: PERF401  # each is wanted at once

    async def signal(self, container: str, number: signal.Signals) -> None:
        """Signal a container's first process from the host, which the engine does not see as a change."""
        os.kill((await self.inspect(container))["State"]["Pid"], number)

    async def clear(self, label: str) -> None:
        """Remove every container and network with this label."""
        limit = asyncio.Semaphore(4)
        async with asyncio.TaskGroup() as group:
            for found in await self.containers(label):
                group.create_task(self._remove(found["Id"], limit))
        for network in await self.call("GET", "/networks", filters={"label": [label]}):
            with suppress(Refused):
                await self.call("DELETE", f"/networks/{network['Id']}")

    async def _remove(self, container: str, limit: asyncio.Semaphore) -> None:
        async with limit:
            with suppress(Refused, ProcessLookupError):
                await self.signal(container, signal.SIGCONT)
            with suppress(Refused):
                await self.call("DELETE", f"/containers/{container}", force=True, v=True)


@contextmanager
def running_engine(socket: Path = SOCKET) -> Iterator[Api]:
    """An engine. Skips, with the reason, where none answers and none can be started; in CI that fails the build."""
    if not sys.platform.startswith("linux"):
        pytest.skip(
            "needs a Docker engine on this Linux host: the tests signal processes and reach containers' addresses"
        )
    api = Api(socket)
    SHARED.mkdir(exist_ok=True)
    with (SHARED / "lock").open("wb") as lock:
        with (SHARED / "starting").open("wb") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)  # while one starts it, the others wait
            fcntl.flock(lock, fcntl.LOCK_SH)  # while the last ends it, and never for who uses it
            if not asyncio.run(api.answers()):
                _start(api)
        try:
            yield api
        finally:
            _end_if_last(lock)


def _start(api: Api) -> None:
    program = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        pytest.skip("needs a Docker engine: none answers, and the Debian package docker.io is not installed")
    if os.geteuid() != 0:
        pytest.skip("needs a Docker engine: none answers, and only root can start one")
    log = SHARED / "dockerd.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "--live-restore", f"--host={api.url}"], stdout=output, stderr=output, start_new_session=True
        )
    (SHARED / "pid").write_text(str(process.pid), encoding="utf-8")

    async def ready() -> bool:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        return await api.answers()

    asyncio.run(eventually(ready, within_seconds=45, every_seconds=0.1))
    _OURS.append(process)


_OURS: list[subprocess.Popen[bytes]] = []
"""Engines that this process started: their ends are waited for."""


def _end_if_last(lock: BinaryIO) -> None:
    """The last test run that uses an engine which tests have started ends it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    with suppress(FileNotFoundError, ProcessLookupError):
        number = int((SHARED / "pid").read_text(encoding="utf-8"))
        (SHARED / "pid").unlink()
        if Path(f"/proc/{number}/comm").read_text(encoding="utf-8").strip() == "dockerd":
            os.kill(number, signal.SIGTERM)
    for process in _OURS:
        process.wait(timeout=30)
    _OURS.clear()
