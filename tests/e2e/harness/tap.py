"""A real OTLP receiver on loopback, and a proxy before it that keeps the raw bytes and can lose an answer."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import ClientSession, ClientTimeout, web
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span
from oteltap import OtelTapHttpProtobufReceiver, OtelTapHttpProtobufReceiverSettings

from tests.support.ports import free_port

LOOPBACK = "127.0.0.1"
LENGTH_DELIMITED_FIELD_1 = 0x0A
"""The tag of `ExportTraceServiceRequest.resource_spans`."""


@dataclass
class Tap:
    """What the receiver took, and what went over the wire.

    spans: as the receiver gave them back, by trace id. raw: every copy of every span as sent, by span id.
    lose_every: every so many-th answer never reaches the daemon, which then has to send again; 0 loses none.
    """

    spans: dict[str, dict[str, Span]] = field(default_factory=lambda: defaultdict(dict))
    raw: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    lose_every: int = 0
    requests: int = 0
    lost: int = 0
    endpoint: str = ""

    def trace(self, trace_id: str) -> list[Span]:
        """The spans of one trace that the receiver has."""
        return list(self.spans.get(trace_id, {}).values())

    def of(self, name: str) -> list[Span]:
        """The spans of this name, oldest first."""
        found = [span for trace in self.spans.values() for span in trace.values() if span.name == name]
        return sorted(found, key=lambda span: span.end_time_unix_nano)

    def changed(self, trace_id: str) -> list[str]:
        """Spans of a trace that were sent more than once, and not with the same bytes each time."""
        return [span.name for span in self.trace(trace_id) if len(set(self.raw[span.span_id.hex()])) > 1]

    def resent(self, trace_id: str) -> int:
        """How many copies of a trace's spans were sent beyond the first of each."""
        return sum(len(self.raw[span.span_id.hex()]) - 1 for span in self.trace(trace_id))

    def keep(self, body: bytes) -> None:
        """Take a request apart without encoding anything again."""
        for entry in entries(body):
            for scope in ResourceSpans.FromString(entry).scope_spans:
                for span in scope.spans:
                    self.raw[span.span_id.hex()].append(entry)


def entries(body: bytes) -> Iterator[bytes]:
    """The bytes of each ResourceSpans in an ExportTraceServiceRequest, as they are."""
    at = 0
    while at < len(body):
        if body[at] != LENGTH_DELIMITED_FIELD_1:
            raise ValueError(f"not an ExportTraceServiceRequest: byte {at} is {body[at]:#x}")
        length, at = _varint(body, at + 1)
        yield body[at : at + length]
        at += length


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


@asynccontextmanager
async def tapped() -> AsyncIterator[Tap]:
    """A receiver and its proxy for as long as the context lasts."""
    tap = Tap()
    port = free_port()
    settings = OtelTapHttpProtobufReceiverSettings(http_port=port)
    async with OtelTapHttpProtobufReceiver(settings) as receiver, ClientSession(timeout=ClientTimeout(5)) as session:
        listening = asyncio.create_task(_listen(receiver, tap))
        runner = web.AppRunner(_proxy(tap, session, f"http://{LOOPBACK}:{port}"), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, 0).start()
            tap.endpoint = f"http://{LOOPBACK}:{runner.addresses[0][1]}"
            yield tap
        finally:
            await runner.cleanup()
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


async def _listen(receiver: OtelTapHttpProtobufReceiver, tap: Tap) -> None:
    async for span in receiver.stream_traces():
        tap.spans[span.trace_id.hex()][span.span_id.hex()] = span


def _proxy(tap: Tap, session: ClientSession, receiver: str) -> web.Application:
    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        tap.keep(body)
        headers = {"content-type": request.headers["content-type"]}
        async with session.post(f"{receiver}{request.path}", data=body, headers=headers) as answer:
            payload, status = await answer.read(), answer.status
        tap.requests += 1
        if tap.lose_every and tap.requests % tap.lose_every == 0:
            tap.lost += 1
            if request.transport is not None:
                request.transport.abort()
        return web.Response(status=status, body=payload, content_type="application/x-protobuf")

    app = web.Application(client_max_size=4 << 20)
    app.router.add_post("/v1/traces", forward)
    return app
