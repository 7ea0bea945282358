"""Server-sent events on a socket: everybody hears everything, and nobody holds anybody up."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientResponse

from controller.app.stream import Stream
from controller.loop import Tick
from controller.operations.documents import ReplacementEvent, TickEvent
from controller.web import events
from controller.web.events import MOST_CLIENTS, MOST_WAITING
from tests.journal.material import NOON, accepted, later
from tests.support.builders import replacement
from tests.support.documents import undeclared
from tests.support.eventually import eventually
from tests.web.conftest import READER, Served, bearer

URL = "/api/v1/events"


async def told(response: ClientResponse) -> tuple[str, str, Any]:
    """The next event: id, name, data. Comments are passed over."""
    fields: dict[str, str] = {}
    async for raw in response.content:
        line = raw.decode().rstrip("\n")
        if not line and fields:
            return fields["id"], fields["event"], json.loads(fields["data"])
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
    raise AssertionError("the stream has ended")


async def listening(served: Served, count: int) -> None:
    async def all_there() -> bool:
        return served.hub.clients == count

    await eventually(all_there)


async def test_everybody_hears_looks_and_replacements(served: Served) -> None:
    stream = Stream(served.hub)
    async with (
        served.client.get(URL, headers=bearer(READER)) as one,
        served.client.get(URL, headers=bearer(READER)) as two,
    ):
        assert one.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert one.headers["X-Content-Type-Options"] == "nosniff"
        await listening(served, 2)
        stream.tick(Tick("web", "4 instances:\n4 healthy", later(30), settled=True), NOON)
        stream.happened(replacement("r-7"), accepted("r-7"))
        for response in (one, two):
            first, second = await told(response), await told(response)
            assert (first[:2], second[:2]) == (("1", "tick"), ("2", "replacement"))
            assert undeclared(TickEvent.model_validate(first[2])) == []
            assert undeclared(ReplacementEvent.model_validate(second[2])) == []
            assert first[2]["sentence"] == "4 instances:\n4 healthy", "a line break does not end an event"
    await listening(served, 0)


async def test_silence_is_filled_with_comments(served: Served) -> None:
    served.hub._heartbeat_seconds = 0.01
    async with served.client.get(URL, headers=bearer(READER)) as response:
        lines = [await response.content.readline() for _ in range(5)]
    assert lines == [b": connected\n", b"\n", b": alive\n", b"\n", b": alive\n"]


async def test_a_client_that_falls_behind_is_cut_off_and_the_others_are_not(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SLOWEST_WRITE_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.server.port, limit=1024)
    writer.write(f"GET {URL} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {READER}\r\n\r\n".encode())
    await writer.drain()
    await listening(served, 1)
    async with served.client.get(URL, headers=bearer(READER)) as quick:
        await listening(served, 2)
        big = {"sentence": "x" * 60_000}
        for number in range(MOST_WAITING):
            served.hub.publish("tick", big)
            assert (await told(quick))[0] == str(number + 1)
        await listening(served, 1)
        served.hub.publish("tick", {"sentence": "still here"})
        assert (await told(quick))[2] == {"sentence": "still here"}
    writer.close()
    del reader


async def test_a_queue_has_an_end(served: Served) -> None:
    """Told more at once than may wait, without a chance to be read."""
    async with served.client.get(URL, headers=bearer(READER)) as response:
        await listening(served, 1)
        for _ in range(MOST_WAITING + 1):
            served.hub.publish("tick", {})
        assert served.hub.clients == 0
        await asyncio.wait_for(response.read(), 5)


async def test_there_is_room_for_so_many_and_no_more(served: Served) -> None:
    async with asyncio.TaskGroup() as group:
        streams = [
            group.create_task(served.client.get(URL, headers=bearer(READER)).__aenter__()) for _ in range(MOST_CLIENTS)
        ]
    await listening(served, MOST_CLIENTS)
    status, document = await served.get("/events", token=READER)
    assert (status, document["detail"]) == (503, "too many clients listen already")
    assert (await served.get("/fleets", token=READER))[0] == 200, "and the rest is answered all the same"
    for task in streams:
        task.result().close()
    await listening(served, 0)


async def test_open_streams_end_with_the_server(served: Served) -> None:
    async with served.client.get(URL, headers=bearer(READER)) as response:
        await listening(served, 1)
        async with asyncio.timeout(5):
            await served.server.stop()
            assert b"connected" in await response.read()


async def test_streams_are_cut_when_tokens_change(served: Served) -> None:
    async with served.client.get(URL, headers=bearer(READER)) as response:
        await listening(served, 1)
        served.hub.cut_all()
        await asyncio.wait_for(response.read(), 5)
    async with served.client.get(URL, headers=bearer(READER)) as response:
        assert response.status == 200, "whoever still may comes back"
