"""At least once, with identical bytes, and nothing that blocks what is behind it: over real sockets on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import ClientSession, web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from oteltap import OtelTapHttpProtobufReceiver, OtelTapHttpProtobufReceiverSettings
from structlog.testing import capture_logs

from controller.domain.errors import JournalUnavailable
from controller.record.delivery import MOST_BACKOFF_SECONDS, Delivery
from controller.record.destination import Destination
from controller.record.trace import TraceProjector
from tests.record import stories
from tests.record.receivers import Answering, HandClock, MemoryOutbox, backend, scripted, span_names
from tests.support import virtual

PROJECTOR = TraceProjector({"service.name": "repave"})
SECRET = "NRAK-do-not-log-me"


def bodies(*names: str) -> list[bytes]:
    return [
        span.body for name in names or stories.STORIES for span in PROJECTOR.replacement([], stories.STORIES[name]())
    ]


@pytest.fixture
async def closing() -> AsyncIterator[list[Delivery]]:
    deliveries: list[Delivery] = []
    yield deliveries
    for delivery in deliveries:
        await delivery.aclose()


async def test_a_real_receiver_gets_every_span_of_every_story() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outbox = MemoryOutbox(bodies())
    received: list[Span] = []

    def collect(span: Span) -> bool:
        received.append(span)
        return len(received) == len(bodies())

    async with OtelTapHttpProtobufReceiver(OtelTapHttpProtobufReceiverSettings(http_port=port)) as receiver:
        complete = asyncio.create_task(receiver.await_trace(collect, timeout=30))
        await asyncio.sleep(0)
        delivery = Delivery(outbox, HandClock(), Destination(f"http://127.0.0.1:{port}/v1/traces"))
        assert await delivery.drain_once() == len(bodies())
        await complete
        await delivery.aclose()
    assert sorted(span.name for span in received) == sorted(name for body in bodies() for name in span_names(body))
    assert not outbox.waiting


async def test_what_failed_is_sent_again_in_the_very_same_bytes(closing: list[Delivery]) -> None:
    async with backend(scripted(500, 503)) as it:
        outbox = MemoryOutbox(bodies("replaced"))
        delivery = Delivery(outbox, HandClock(), it.destination())
        closing.append(delivery)
        assert [await delivery.drain_once() for _ in range(4)] == [0, 0, len(bodies("replaced")), 0]
        assert len(it.bodies) == 3
        assert len(set(it.bodies)) == 1
        assert it.bodies[0] == b"".join(bodies("replaced"))
        assert delivery.counts.failures == 2
        assert delivery.counts.delivered == len(bodies("replaced"))


async def test_spans_keep_their_bytes_when_more_have_joined_the_batch_meanwhile(closing: list[Delivery]) -> None:
    async with backend(scripted(500)) as it:
        first, *rest = bodies("replaced")
        outbox = MemoryOutbox([first])
        delivery = Delivery(outbox, HandClock(), it.destination())
        closing.append(delivery)
        assert await delivery.drain_once() == 0
        outbox.waiting |= MemoryOutbox([first, *rest]).waiting
        assert await delivery.drain_once() == 1 + len(rest)
        assert it.bodies[1].startswith(it.bodies[0])


async def test_poison_does_not_hold_up_what_is_behind_it(closing: list[Delivery]) -> None:
    poison = bodies("replaced")[3]

    def answer(body: bytes) -> web.Response:
        return web.Response(status=400, text="bad span\x1b[31m") if poison in body else web.Response()

    async with backend(answer) as it:
        outbox = MemoryOutbox(bodies("replaced"))
        delivery = Delivery(outbox, HandClock(), it.destination())
        closing.append(delivery)
        assert await delivery.drain_once() == len(bodies("replaced"))
        assert outbox.poison == {4: "HTTP 400 bad span [31m"}
        assert sorted(outbox.sent) == [number for number in range(1, len(bodies("replaced")) + 1) if number != 4]
        assert (delivery.counts.poisoned, delivery.counts.delivered) == (1, len(outbox.sent))
        assert await delivery.drain_once() == 0


async def test_a_refused_batch_that_then_meets_an_outage_keeps_the_rest(closing: list[Delivery]) -> None:
    """400 for the batch, 200 for the first alone, then 503: the others stay, none is poisoned."""
    async with backend(scripted(400, 200, 503)) as it:
        outbox = MemoryOutbox(bodies("replaced"))
        delivery = Delivery(outbox, HandClock(), it.destination())
        closing.append(delivery)
        assert await delivery.drain_once() == 1
        assert (outbox.sent, outbox.poison) == ([1], {})
        assert await delivery.drain_once() == len(bodies("replaced")) - 1


async def test_partial_success_is_counted_and_not_sent_again(closing: list[Delivery]) -> None:
    partial = ExportTraceServiceResponse()
    partial.partial_success.rejected_spans = 2
    partial.partial_success.error_message = "attribute too long"

    def answer(_: bytes) -> web.Response:
        return web.Response(body=partial.SerializeToString(), content_type="application/x-protobuf")

    async with backend(answer) as it:
        outbox = MemoryOutbox(bodies("replaced"))
        delivery = Delivery(outbox, HandClock(), it.destination())
        closing.append(delivery)
        with capture_logs() as logs:
            assert await delivery.drain_once() == len(bodies("replaced"))
        assert await delivery.drain_once() == 0
    assert len(it.bodies) == 1
    assert delivery.counts.rejected == 2
    assert logs[0]["answer"] == "attribute too long"


async def test_an_endless_answer_is_not_read_to_its_end(closing: list[Delivery]) -> None:
    most, written = 64 * 1024 * 1024, 0
    over = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        try:
            while written < most:
                await response.write(b"x" * 65536)
                written += 65536
        finally:
            over.set()
        return response

    app = web.Application()
    app.router.add_post("/v1/traces", endless)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
    delivery = Delivery(MemoryOutbox(bodies("replaced")), HandClock(), Destination(url, timeout_seconds=60.0))
    closing.append(delivery)
    with capture_logs() as logs:
        assert await delivery.drain_once() == 0
    await over.wait()
    await runner.cleanup()
    assert written < most
    assert logs[0]["answer"].startswith("HTTP 500 xxx")
    assert len(logs[0]["answer"]) < 300


def test_a_server_that_hangs_runs_into_the_time_limit_of_the_virtual_clock() -> None:
    async def main(clock: virtual.VirtualClock) -> None:
        never = asyncio.Event()

        async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await never.wait()
            writer.close()

        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/traces"
        outbox = MemoryOutbox(bodies("replaced"))
        delivery = Delivery(outbox, clock, Destination(url, timeout_seconds=30.0))
        before = clock.now()
        assert await delivery.drain_once() == 0
        assert clock.now() - before == timedelta(seconds=30)
        assert delivery.counts.failures == 1
        assert len(outbox.waiting) == len(bodies("replaced"))
        await delivery.aclose()
        never.set()
        server.close()

    virtual.run(main)


async def test_a_server_that_is_not_there_is_tried_later(closing: list[Delivery]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1/traces"
    outbox = MemoryOutbox(bodies("replaced"))
    delivery = Delivery(outbox, HandClock(), Destination(url))
    closing.append(delivery)
    assert await delivery.drain_once() == 0
    assert len(outbox.waiting) == len(bodies("replaced"))


async def test_pauses_grow_with_every_failure_and_end_with_the_first_success() -> None:
    async with backend(scripted(*[503] * 9)) as it:
        clock = HandClock(most_sleeps=12)
        delivery = Delivery(MemoryOutbox(bodies("replaced")), clock, it.destination())
        with pytest.raises(asyncio.CancelledError):
            await delivery.run()
    assert clock.slept == [
        1,
        2,
        4,
        8,
        16,
        32,
        MOST_BACKOFF_SECONDS,
        MOST_BACKOFF_SECONDS,
        MOST_BACKOFF_SECONDS,
        1,
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("said", "waited"),
    [
        ("7", 7.0),
        ("Mon, 23 Nov 2026 12:00:20 GMT", 20.0),
        ("999999", 300.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 1.0),
        ("soon", 1.0),
    ],
)
async def test_retry_after_is_honoured_within_bounds(said: str, waited: float) -> None:
    async with backend(scripted(429, **{"Retry-After": said})) as it:
        clock = HandClock(most_sleeps=1)
        with pytest.raises(asyncio.CancelledError):
            await Delivery(MemoryOutbox(bodies("replaced")), clock, it.destination()).run()
    assert clock.slept == [waited]


async def test_the_journal_may_be_away_for_a_while() -> None:
    class Away(MemoryOutbox):
        times = 2

        async def pending(self, limit: int):  # type: ignore[no-untyped-def]
            self.times -= 1
            if self.times >= 0:
                raise JournalUnavailable("locked")
            return await super().pending(limit)

    async with backend(scripted()) as it:
        clock = HandClock(most_sleeps=3)
        outbox = Away(bodies("replaced"))
        with pytest.raises(asyncio.CancelledError):
            await Delivery(outbox, clock, it.destination()).run()
    assert clock.slept == [1, 2, 1]
    assert not outbox.waiting


async def test_old_spans_are_sent_all_the_same_and_counted(closing: list[Delivery]) -> None:
    async with backend(scripted()) as it:
        clock = HandClock()
        delivery = Delivery(MemoryOutbox(bodies("replaced")), clock, it.destination())
        closing.append(delivery)
        clock.time += timedelta(hours=1, seconds=1)
        assert await delivery.drain_once() == len(bodies("replaced"))
    assert delivery.counts.expired == len(bodies("replaced"))


async def test_many_spans_travel_in_few_requests(closing: list[Delivery]) -> None:
    """200 spans a second, one request at a time, leaves each request half a second."""
    async with backend(scripted()) as it:
        outbox = MemoryOutbox(bodies("replaced")[:1] * 1000)
        delivery = Delivery(outbox, HandClock(), it.destination())
        closing.append(delivery)
        while await delivery.drain_once():
            pass
    assert outbox.sent == list(range(1, 1001))
    assert len(it.bodies) <= 1000 / 100


async def test_a_request_stays_below_a_megabyte(closing: list[Delivery]) -> None:
    wide = PROJECTOR.replacement([], stories.Story(**dict.fromkeys(("group", "zone", "mode"), "w" * 9_999)).events)[0]
    async with backend(scripted()) as it:
        outbox = MemoryOutbox([wide.body] * 100)
        delivery = Delivery(outbox, HandClock(), it.destination())
        closing.append(delivery)
        while await delivery.drain_once():
            pass
    assert outbox.sent == list(range(1, 101))
    assert sum(len(body) for body in it.bodies) > 1_000_000
    assert all(len(body) < 1_000_000 for body in it.bodies)


async def test_headers_are_sent_and_never_logged(closing: list[Delivery]) -> None:
    async with backend(scripted(500, 400, 400)) as it:
        secret = it.destination(headers={"api-key": SECRET})
        delivery = Delivery(MemoryOutbox(bodies("replaced")[:1]), HandClock(), secret)
        closing.append(delivery)
        with capture_logs() as logs:
            await delivery.drain_once()
            await delivery.drain_once()
    assert it.headers[0]["api-key"] == SECRET
    assert it.headers[0]["content-type"] == "application/x-protobuf"
    assert len(logs) == 2
    assert SECRET not in repr(logs) + repr(secret)


async def test_a_redirect_is_not_followed_with_our_key(closing: list[Delivery]) -> None:
    async with backend(scripted()) as elsewhere, backend(scripted(307, Location=elsewhere.url)) as it:
        delivery = Delivery(MemoryOutbox(bodies("replaced")), HandClock(), it.destination(headers={"api-key": SECRET}))
        closing.append(delivery)
        assert await delivery.drain_once() == 0
        assert not elsewhere.bodies


async def test_one_client_is_made_and_closed() -> None:
    made: list[ClientSession] = []

    def opening() -> ClientSession:
        made.append(ClientSession())
        return made[-1]

    answering: Answering = scripted(500)
    async with backend(answering) as it:
        delivery = Delivery(MemoryOutbox(bodies("replaced")), HandClock(), it.destination(), opening)
        assert not made
        await delivery.drain_once()
        await delivery.drain_once()
        await delivery.aclose()
    assert [session.closed for session in made] == [True]
