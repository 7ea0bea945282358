"""The endpoints, on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest
from aiohttp import ClientSession, ClientTimeout
from structlog.testing import capture_logs

from controller.clock import SystemClock
from controller.record.document import TraceDocument
from controller.web.access import Access
from controller.web.api import Api
from controller.web.asked import Answers
from controller.web.events import Hub
from controller.web.server import CONNECTION, SHUTDOWN_SECONDS, Answer, Server, Sources


class Daemon:
    """What the endpoints ask."""

    def __init__(self) -> None:
        self.alive = Answer(True, "alive: the last heartbeat was 1 s ago")
        self.ready = Answer(True, "ready: configuration and journal are good")
        self.hangs = asyncio.Event()
        self.hanging = asyncio.Event()

    def sources(self) -> Sources:
        return Sources(lambda: self.alive, self._ready, self._metrics)

    async def _ready(self) -> Answer:
        return self.ready

    async def _metrics(self) -> bytes:
        if self.hangs.is_set():
            self.hanging.set()
            await asyncio.Event().wait()
        return b"repave_build_info 1.0\n"


def api() -> Api:
    """Nothing here asks it."""
    return Api(cast(Answers, None), Access(SystemClock()), Hub(), TraceDocument, "1.2.3")


@pytest.fixture
async def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
async def server(daemon: Daemon) -> AsyncIterator[Server]:
    made = Server(daemon.sources(), api(), "127.0.0.1", 0)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[ClientSession]:
    async with ClientSession(f"http://127.0.0.1:{server.port}", timeout=ClientTimeout(total=10)) as session:
        yield session


async def test_alive_is_200_and_stuck_is_503(client: ClientSession, daemon: Daemon) -> None:
    async with client.get("/healthz") as response:
        assert (response.status, await response.text()) == (200, "alive: the last heartbeat was 1 s ago\n")
        assert response.headers["Cache-Control"] == "no-store"
    daemon.alive = Answer(False, "stuck")
    async with client.get("/healthz") as response:
        assert (response.status, await response.text()) == (503, "stuck\n")


async def test_ready_is_another_question(client: ClientSession, daemon: Daemon) -> None:
    daemon.ready = Answer(False, "not ready: the journal cannot be read")
    async with client.get("/readyz") as response:
        assert (response.status, await response.text()) == (503, "not ready: the journal cannot be read\n")
    async with client.get("/healthz") as response:
        assert response.status == 200, "a process whose journal is away is alive: restarting it would not help"


async def test_metrics_are_prometheus_text(client: ClientSession) -> None:
    async with client.get("/metrics") as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert await response.read() == b"repave_build_info 1.0\n"


async def test_nothing_else_is_answered(client: ClientSession) -> None:
    async with client.get("/") as response:
        assert response.status == 404
    async with client.post("/healthz", data=b"x") as response:
        assert response.status == 405


async def test_it_listens_on_its_address_only_and_not_after_stop(server: Server) -> None:
    port = server.port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    with pytest.raises(OSError, match=r"[Cc]onnect"):
        await asyncio.open_connection("127.0.0.2", port)
    await server.stop()
    with pytest.raises(OSError, match=r"[Cc]onnect"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_taken_port_is_an_os_error(server: Server, daemon: Daemon) -> None:
    second = Server(daemon.sources(), api(), "127.0.0.1", server.port)
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.stop()


async def test_a_request_that_hangs_does_not_hold_up_the_stop(
    server: Server, client: ClientSession, daemon: Daemon
) -> None:
    daemon.hangs.set()
    asking = asyncio.create_task(client.get("/metrics").__aenter__())
    await daemon.hanging.wait()
    async with asyncio.timeout(SHUTDOWN_SECONDS + 4):
        await server.stop()
    await asyncio.gather(asking, return_exceptions=True)


async def raw(server: Server, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    answer = await reader.read()
    writer.close()
    return answer


async def test_what_is_not_http_is_not_sent_back_and_not_logged(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        answer = await raw(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nToken hunter2\x00\r\n\r\n")
    assert answer.split()[1] == b"400"
    assert b"aiohttp" not in answer
    assert b"application/problem+json" in answer
    assert b"hunter2" not in answer
    assert [(line["event"], line["log_level"]) for line in logs] == [("not HTTP", "debug")]
    assert "hunter2" not in str(logs) + caplog.text


async def test_connections_have_an_end(server: Server, client: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.web.connection.MOST_CONNECTIONS", 2)
    idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    assert await raw(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") == b""
    idle.pop()[1].close()
    for _, writer in idle:
        writer.close()


async def test_half_a_request_is_not_waited_for_for_ever(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONNECTION, "keepalive_timeout", 0.2)
    made = Server(daemon.sources(), api(), "127.0.0.1", 0)
    await made.start()
    async with asyncio.timeout(10):
        assert await raw(made, b"GET /healthz HTTP/1.1\r\nHost: local") == b""
    await made.stop()
