"""A telemetry source on a real socket that answers what it is told to, well or badly, and notes what reaches it."""

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from tests.support.answering import Says, Serving, says, send


@dataclass
class Heard:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body))

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class FakeHttp(Serving):
    """Gives `answers` in turn, the last of them for ever. most_at_once: requests that were in the air together."""

    answers: list[Says] = field(default_factory=lambda: [says({})])
    requests: list[Heard] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    gate: asyncio.Event | None = None
    most_at_once: int = 0
    url: str = ""
    _now: int = 0

    def says(self, *answers: Says) -> None:
        self.answers = list(answers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(Heard(request.path, dict(request.headers), await request.text()))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self.gate is not None:
                await self.gate.wait()
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            return await send(request, answer, self.stopping)
        finally:
            self._now -= 1
