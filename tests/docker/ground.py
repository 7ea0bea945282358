"""One fleet behind a HAProxy of its own, with the daemon's configuration and what the tests read beside Repave."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from controller.domain.replacement import Event
from controller.journal.adapter import JournalAdapter
from controller.journal.sql import SqlJournal
from tests.e2e.harness.daemon import REPAVE, Daemon, process
from tests.e2e.harness.tap import Tap
from tests.support.docker_engine import Api
from tests.support.docker_fleet import Fleet
from tests.support.docker_laws import broken
from tests.support.engine_proxy import EngineProxy
from tests.support.eventually import eventually
from tests.support.haproxy import RealHaproxy, running_haproxy
from tests.support.haproxy_proxy import HaproxyProxy
from tests.support.wiretap import Wiretap

MORE = """  log stdout format raw local0
  option httplog
"""
"""The log tells which server each request went to."""

FLEET: Mapping[str, Any] = {
    "limits": {"max_in_flight": 2, "replacements_per_hour": 1000},
    "verify": {"ready_within": "1m", "warm_up": "0s", "bake": "0s", "deadline": "1m"},
    "drain": {"timeout": "1m"},
    "deadlines": {"launch": "1m", "terminate": "1m", "undo": "1m"},
    "blind_after": "1m",
    "warm_up": "0s",
    "poll": "0.1s",
}


@dataclass(frozen=True)
class Sample:
    """At one moment. serving: servers that HAProxy sends new requests to, by name. running: how many containers the
    engine runs and does not call unhealthy."""

    at: float
    serving: frozenset[str]
    running: int


@dataclass(frozen=True)
class Logged:
    """One request in HAProxy's own log. server: empty when it went to none."""

    server: str
    status: int


@dataclass
class Ground:
    """A fleet, its HAProxy and one configuration. sockets: of proxies before the engine and HAProxy, if any."""

    fleet: Fleet
    proxy: RealHaproxy
    folder: Path
    checks_ms: int
    tap: Tap | None = None
    samples: list[Sample] = field(default_factory=list)
    sockets: tuple[Path, Path] | None = None

    @property
    def api(self) -> Api:
        return self.fleet.api

    @property
    def config(self) -> Path:
        return self.folder / "repave.yaml"

    def configure(self, said: Mapping[str, Any], **top: Any) -> None:
        """Write the daemon's configuration: what `said` adds to FLEET; top: outside the fleet."""
        checks = {"inter": f"{self.checks_ms / 1000:g}s", "rise": 1, "fall": 2}
        engine, runtime = self.sockets or (self.api.socket, Path(self.proxy.socket))
        haproxy = {"socket": str(runtime), "backend": "edge", "port": 80, **checks}
        where = {"host": f"unix://{engine}", "label": self.fleet.label, "load_balancer": {"haproxy": haproxy}}
        document = {
            "version": 1,
            "mode": "act",
            "state": f"sqlite:///{self.folder / 'repave.db'}",
            "tick": "1s",
            "listen": "127.0.0.1:0",
            "limits": {"replacements_per_hour": 1000, "stop_after_failures": 1},
            "fleets": {"edge": {"docker": where, **FLEET, **said}},
            **top,
        }
        with self.config.open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(document, file)

    def daemon(self, *options: str) -> AbstractAsyncContextManager[Daemon]:
        """`repave run` as a process; use it as a context manager."""
        command = [*REPAVE, "run", "-c", str(self.config), *options]
        return process(command, self._environment(), "", self.folder / "repave.log")

    async def repave(self, *arguments: str) -> Any:
        """What another command says in JSON."""
        child = await asyncio.create_subprocess_exec(
            *(*REPAVE, *arguments, "--json", "-c", str(self.config)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment(),
        )
        output, errors = await child.communicate()
        assert child.returncode == 0, errors.decode()
        return json.loads(output)

    async def replacements(self) -> list[dict[str, Any]]:
        """All of them, oldest first."""
        return list((await self.repave("get", "replacements"))["replacements"])[::-1]

    async def story(self, replacement_id: str) -> tuple[Event, ...]:
        """The journal's events of one replacement."""
        journal = JournalAdapter(SqlJournal.open(f"sqlite:///{self.folder / 'repave.db'}", None, read_only=True))
        try:
            return await journal.events(replacement_id)
        finally:
            await journal.aclose()

    def requests(self) -> list[Logged]:
        """What HAProxy has logged of requests, in the order of their ends."""
        lines = (self.proxy.folder / "haproxy.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return [found for line in lines if (found := _logged(line)) is not None]

    async def sample(self) -> Sample:
        """Who is ready now, by HAProxy and by the engine."""
        rows = (await self.proxy.say("show stat edge 4 -1")).splitlines()
        fields = [row.split(",") for row in rows if row and not row.startswith("#")]
        listed = await self.api.containers(self.fleet.label, every=False)
        well = [one for one in listed if "unhealthy" not in one["Status"] and "Paused" not in one["Status"]]
        return Sample(time.time(), frozenset(one[1] for one in fields if one[17].startswith("UP")), len(well))

    @asynccontextmanager
    async def watched(self, every_seconds: float = 0.1) -> AsyncIterator[list[Sample]]:
        """Take samples for as long as the context lasts."""

        async def watch() -> None:
            while True:
                self.samples.append(await self.sample())
                await asyncio.sleep(every_seconds)

        watching = asyncio.ensure_future(watch())
        try:
            yield self.samples
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    def _environment(self) -> dict[str, str]:
        base = {name: value for name, value in os.environ.items() if not name.startswith(("REPAVE_", "OTEL_"))}
        traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.tap.endpoint} if self.tap else {}
        return {**base, **traces, "NO_COLOR": "1"}


def _logged(line: str) -> Logged | None:
    """`client [date] front edge/SERVER TIMES STATUS ...` as `option httplog` writes it without a syslog header."""
    words = line.split()
    if len(words) < 6 or not words[1].startswith("[") or "/" not in words[3]:
        return None
    server = words[3].partition("/")[2]
    return Logged("" if server == "<NOSRV>" else server, int(words[5]))


@asynccontextmanager
async def ground(
    folder: Path, fleet: Fleet, tap: Tap | None = None, *, checks_ms: int = 100, wired: bool = True
) -> AsyncIterator[Ground]:
    """The fleet behind a HAProxy whose file names every container; HAProxy calls all of them up.

    checks_ms: between two checks of one server. wired: proxies stand before both sockets, and in the end no daemon has
    made a call that law 1 forbids.
    """
    lines = [f"{one.name} {one.address}:80 check" for one in fleet.containers.values()]
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(running_haproxy(folder, *lines, more=MORE, inter=f"{checks_ms}ms"))
        place, wire = Ground(fleet, proxy, folder, checks_ms, tap), Wiretap(folder / "wire.jsonl")
        if wired:
            place.sockets = (folder / "docker.sock", folder / "haproxy.sock")
            await stack.enter_async_context(EngineProxy(wire, place.sockets[0], fleet.api.socket))
            await stack.enter_async_context(HaproxyProxy(wire, place.sockets[1], Path(proxy.socket)))

        async def all_up() -> bool:
            return (await place.sample()).serving == fleet.containers.keys()

        await eventually(all_up, within_seconds=30, every_seconds=0.1)
        yield place
        assert broken(wire.requests, fleet.label) == []
