"""Whatever is sent to it, the API never answers with a fault of its own, with a secret, or with a trace of its code."""

import asyncio
import json
import logging
import socket
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from controller.record.document import TraceDocument
from controller.web.routes import PREFIX, routes
from tests.record.stories import replaced
from tests.web.conftest import OPERATOR, READER, Served

RID = replaced()[0].replacement_id
TABLE = routes(TraceDocument)
CALM = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None)

NAMES = st.one_of(
    st.sampled_from(["web", "api", "all", "i-1", "i-3", RID, "r-open", "fleet:web", "..", "%00", "%2e%2e", "%ff%fe"]),
    st.text(max_size=30).map(lambda name: quote(name.encode("utf-8", "surrogatepass"), safe="")),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["target", "reason", "for", "limit", "x"])
BODIES = st.one_of(
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(KEYS, JSON | NAMES | st.sampled_from(["2h", "0s", "9999999d"]), max_size=4).map(
        lambda value: json.dumps(value).encode()
    ),
    st.binary(max_size=60),
)
QUERIES = st.one_of(
    st.just(""),
    st.text(alphabet="limtfewdh=&%0a9-+;", max_size=20).map(lambda query: f"?{query}"),
    st.integers(-5, 10**30).map(lambda limit: f"?limit={limit}"),
)
TYPES = st.sampled_from(["application/json", "application/json; charset=utf-16", "text/plain", "a" * 3000, ""])
TOKENS = st.sampled_from([OPERATOR, OPERATOR, READER, "hunter2-0123456789abcdef", ""])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One of the API's operations with anything in every place where something may stand."""
    route = draw(st.sampled_from(TABLE))
    path = "/".join(draw(NAMES) if part.startswith("{") else part for part in route.path.split("/"))
    method = draw(st.sampled_from([route.method] * 4 + ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"]))
    body = draw(BODIES) if method != "GET" or draw(st.booleans()) else b""
    lines = [
        f"{method} {PREFIX}{path}{draw(QUERIES)} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {draw(TOKENS)}",
        f"Content-Type: {draw(TYPES)}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@st.composite
def noise(draw: st.DrawFn) -> bytes:
    """Something like HTTP, with bytes that do not belong there."""
    head = draw(st.sampled_from([b"GET /api/v1/fleets HTTP/1.1\r\n", b"POST /api/v1/holds HTTP/1.1\r\n", b""]))
    more = draw(
        st.lists(
            st.sampled_from(
                [
                    b"Host: localhost\r\n",
                    f"Authorization: Bearer {OPERATOR}\r\n".encode(),
                    b"Content-Length: -1\r\n",
                    b"Content-Length: 5\r\nContent-Length: 6\r\n",
                    b"Transfer-Encoding: chunked\r\n",
                    b"Content-Encoding: gzip\r\n",
                    b"Expect: 100-continue\r\n",
                    b"Upgrade: websocket\r\nConnection: upgrade\r\n",
                    b": \r\n",
                    b"X: " + b"y" * 5000 + b"\r\n",
                ]
            )
            | st.binary(max_size=30).map(lambda line: line + b"\r\n"),
            max_size=6,
        )
    )
    return head + b"".join(more) + b"\r\n" + draw(st.binary(max_size=60))


def answer_to(port: int, sent: bytes) -> bytes:
    """All that comes back until the other side has nothing more to say."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        except (ConnectionError, TimeoutError):
            return b""
    return b"".join(parts)


def check(answer: bytes) -> None:
    assert answer.split()[1:2] != [b"500"], answer
    for never in (b"Traceback", b'File "', OPERATOR.encode(), READER.encode(), b"hunter2"):
        assert never not in answer
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"\r\nContent-Type: application/" in head and body:
        document: Any = json.loads(body)
        status = int(head.split()[1])
        assert status < 400 or document["status"] == status


async def test_every_operation_with_anything_in_it(served: Served) -> None:
    @CALM
    @given(requests())
    def ask(sent: bytes) -> None:
        check(answer_to(served.server.port, sent))

    with capture_logs() as logs:
        await asyncio.to_thread(ask)
    assert [line for line in logs if line["log_level"] == "error"] == []
    assert (await served.get("/holds", token=READER))[0] == 200, "and afterwards it is as it was"


async def test_noise_on_the_line(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    @CALM
    @given(noise())
    def ask(sent: bytes) -> None:
        check(answer_to(served.server.port, sent))

    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        await asyncio.to_thread(ask)
    assert [line for line in logs if line["log_level"] != "debug"] == []
    assert OPERATOR not in str(logs) + caplog.text
    assert (await served.get("/fleets", token=READER))[0] == 200
