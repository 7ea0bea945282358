"""A real HAProxy of our own on loopback, small HTTP servers behind it, and steady requests through it."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout, web

from tests.support.eventually import eventually
from tests.support.ports import free_port

CONFIG = """
global
  stats socket {socket} mode 600 level admin expose-fd listeners
  stats socket ipv4@127.0.0.1:{admin_port} level admin
  stats timeout 30s
  hard-stop-after 10s
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  timeout check 1s
  option redispatch
  retries 3
{more}frontend front
  bind 127.0.0.1:{port}
  default_backend edge
backend edge
  balance {balance}
  option httpchk GET /health
  http-check expect status 200
  default-server inter {inter} fastinter 50ms downinter 100ms rise 1 fall 2
{servers}
backend elsewhere
  server other 127.0.0.9:9 disabled
"""
"""Without `timeout check`, a check has no longer than `inter`; a busy machine answers late."""


def needs_haproxy() -> str:
    """The program; without it the test is skipped, which fails the build in CI."""
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if program is None:
        pytest.skip("needs the Debian package haproxy")
    return program


@dataclass
class RealHaproxy:
    """A running master and its worker. `reload` reads the file again, which forgets what was added. more: lines for
    its section `defaults`, such as those of LOGGED."""

    folder: Path
    port: int
    balance: str = "roundrobin"
    more: str = ""
    inter: str = "100ms"
    process: subprocess.Popen[bytes] | None = None
    admin_port: int = field(default_factory=free_port)

    @property
    def socket(self) -> str:
        return str(self.folder / "admin.sock")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def write(self, *servers: str) -> None:
        """Its file, with these `server` lines without that word."""
        lines = "".join(f"  server {server}\n" for server in servers)
        said = {"balance": self.balance, "more": self.more, "admin_port": self.admin_port, "inter": self.inter}
        text = CONFIG.format(socket=self.socket, port=self.port, servers=lines, **said)
        (self.folder / "haproxy.cfg").write_text(text, encoding="utf-8")

    async def say(self, command: str) -> str:
        """What an operator types."""
        reader, writer = await asyncio.open_unix_connection(self.socket)
        writer.write(f"{command}\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        return answer

    def launch(self, *servers: str) -> None:
        """Write the file and start the master, in a group of processes of its own."""
        self.write(*servers)
        with (self.folder / "haproxy.log").open("wb") as log:
            arguments = [needs_haproxy(), "-W", "-f", str(self.folder / "haproxy.cfg")]
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log, start_new_session=True)

    async def ready(self) -> None:
        """Wait until it answers."""
        await eventually(self._pid, within_seconds=20)

    async def reload(self, *servers: str) -> None:
        """Write the file and have it read; returns when the new worker is the one that answers."""
        assert self.process is not None
        before = await self._pid()
        self.write(*servers)
        self.process.send_signal(signal.SIGUSR2)

        async def answers_anew() -> bool:
            return (await self._pid()) not in ("", before)

        await eventually(answers_anew, within_seconds=20)

    async def _pid(self) -> str:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "haproxy.log").read_text()
        try:
            lines = (await self.say("show info")).splitlines()
        except OSError:
            return ""
        return next((line for line in lines if line.startswith("Pid: ")), "")

    def stop(self) -> None:
        """End the master and every worker that it still has."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@asynccontextmanager
async def running_haproxy(
    folder: Path, *servers: str, balance: str = "roundrobin", more: str = "", inter: str = "100ms"
) -> AsyncIterator[RealHaproxy]:
    """A HAProxy with these servers in its backend `edge`; it ends with the context."""
    proxy = RealHaproxy(folder, free_port(), balance, more, inter)
    try:
        proxy.launch(*servers)
        await proxy.ready()
        yield proxy
    finally:
        proxy.stop()


@dataclass
class Backend:
    """A container's HTTP server. healthy: what its health check is told. served: requests that reached it. held: what
    its answers wait for, if anything; waiting: how many do."""

    address: str
    port: int
    healthy: bool = True
    seconds: float = 0.0
    served: int = 0
    held: asyncio.Event | None = None
    waiting: int = 0
    runner: web.AppRunner | None = None

    @property
    def where(self) -> str:
        return f"{self.address}:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._answer)
        app.router.add_get("/health", self._check)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self.runner.setup()
        await web.TCPSite(self.runner, self.address, self.port).start()

    async def stop(self) -> None:
        if self.runner is not None:
            for site in tuple(self.runner.sites):
                await site.stop()
            for _ in range(5):  # who was just accepted is known to the server then, which closes it
                await asyncio.sleep(0)
            await self.runner.cleanup()
            self.runner = None

    async def _answer(self, _: web.Request) -> web.Response:
        self.served += 1
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self.held is not None:
            self.waiting += 1
            await self.held.wait()
            self.waiting -= 1
        return web.Response(text=self.address)

    async def _check(self, _: web.Request) -> web.Response:
        return web.Response(status=200 if self.healthy else 500)


@asynccontextmanager
async def running_backends(count: int) -> AsyncIterator[tuple[Backend, ...]]:
    """So many servers on one port, each at a loopback address of its own."""
    addresses = [f"127.0.17.{number}" for number in range(1, count + 1)]
    port = free_port(*addresses)
    backends = tuple(Backend(address, port) for address in addresses)
    try:
        for backend in backends:
            await backend.start()
        yield backends
    finally:
        for backend in backends:
            await backend.stop()


@dataclass
class Load:
    """Requests, one after the other over several connections, and what became of them."""

    url: str
    answered: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    ended: bool = False

    async def one(self, session: ClientSession) -> None:
        try:
            async with session.get(self.url) as response:
                text = await response.text()
                if response.status == 200:
                    self.answered[text] += 1
                else:
                    self.failures.append(f"{response.status} {text[:80]}")
        except (ClientError, OSError, TimeoutError) as error:
            self.failures.append(repr(error))

    async def run(self) -> None:
        async with ClientSession(timeout=ClientTimeout(total=8)) as session:
            while not self.ended:
                await self.one(session)
                await asyncio.sleep(0.004)


@asynccontextmanager
async def steady_load(url: str, clients: int = 4) -> AsyncIterator[Load]:
    """Requests from so many clients until the context ends."""
    load = Load(url)
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(load.run())
        try:
            yield load
        finally:
            load.ended = True
