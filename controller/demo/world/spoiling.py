"""Answers, and what a network or an eventually consistent API may make of a good one."""

import re
import socket
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from controller.demo.world.faults import FaultRule, Spoiling
from controller.demo.world.requests import AFTER_EMPTY_PAGE, AwsRequest
from controller.demo.world.world_time import WorldTime

MOST_REMEMBERED = 40
"""Answers per question; older ones are forgotten."""

DRIBBLE_BYTES = 97

PAGED = {
    "DescribeAutoScalingGroups": ("AutoScalingGroups", "NextToken"),
    "DescribeInstances": ("reservationSet", "nextToken"),
    "DescribeInstanceStatus": ("instanceStatusSet", "nextToken"),
}
"""The list and the token in the XML answers of operations that page."""

GARBAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def send(self, start_response: Callable[..., Any]) -> list[bytes]:
        """Hand it to the server."""
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", self.headers)
        return [self.body]

    def with_body(self, body: bytes) -> "Answer":
        """The same answer with another body and its length."""
        headers = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        return replace(self, headers=[*headers, ("Content-Length", str(len(body)))], body=body)


class Spoiler:
    """Remembers what was answered, and spoils what a rule says."""

    def __init__(self, time: WorldTime) -> None:
        self._time = time
        self._remembered: defaultdict[str, deque[tuple[datetime, Answer]]] = defaultdict(
            lambda: deque(maxlen=MOST_REMEMBERED)
        )

    def remember(self, request: AwsRequest, answer: Answer) -> None:
        """Keep the answer to a question."""
        if not request.mutating and answer.status == 200:
            self._remembered[_question(request)].append((self._time.now(), answer))

    def send(
        self,
        rule: FaultRule,
        request: AwsRequest,
        answer: Answer,
        environ: dict[str, Any],
        start_response: Callable[..., Any],
    ) -> Iterable[bytes]:
        """Send what becomes of the answer. An answer that cannot be spoiled so is sent as it is."""
        match rule.spoil:
            case Spoiling.STALE:
                return self._stale(request, answer, rule.stale_seconds).send(start_response)
            case Spoiling.EMPTY_PAGE:
                return _empty_page(request, answer).send(start_response)
            case Spoiling.GARBAGE:
                return replace(answer, status=200).with_body(GARBAGE).send(start_response)
            case Spoiling.TRUNCATED:
                answer.with_body(answer.body).send(start_response)
                return _cut_short(answer.body, environ)
            case _:
                return _dribbled(answer.with_body(answer.body).send(start_response)[0])

    def _stale(self, request: AwsRequest, answer: Answer, seconds: float) -> Answer:
        """The newest answer of that age; the oldest there is where none is so old."""
        known = self._remembered[_question(request)]
        before = self._time.now() - timedelta(seconds=seconds)
        old = [kept for at, kept in known if at <= before]
        return old[-1] if old else (known[0][1] if known else answer)


def cut(environ: dict[str, Any]) -> None:
    """Cut the connection instead of answering."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)  # the handler's own files keep the descriptor open until it returns
    raise ConnectionAbortedError("cut by a fault")


def _question(request: AwsRequest) -> str:
    asked = sorted(request.parameters.items())
    return "/".join((request.key, request.region, request.service, request.action, repr(asked)))


def _empty_page(request: AwsRequest, answer: Answer) -> Answer:
    """XML in, XML out, by its text: the list loses its entries, and the token leads to the whole answer."""
    listed, token = PAGED.get(request.action, ("", ""))
    text = answer.body.decode("utf-8", "replace")
    found = re.search(rf"<{listed}>.*</{listed}>", text, re.DOTALL) if listed else None
    if found is None or answer.status != 200:
        return answer
    emptied = f"<{listed}></{listed}><{token}>{AFTER_EMPTY_PAGE}</{token}>"
    return answer.with_body((text[: found.start()] + emptied + text[found.end() :]).encode())


def _cut_short(body: bytes, environ: dict[str, Any]) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    cut(environ)


def _dribbled(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), DRIBBLE_BYTES):
        yield body[start : start + DRIBBLE_BYTES]
