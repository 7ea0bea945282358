"""One TCP connection. What is not even HTTP is answered without a word of what it was: it may hold a token."""

from asyncio import AbstractEventLoop, BaseTransport
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from controller.web.guard import HEADERS
from controller.web.problem import Problem, response_to

MOST_CONNECTIONS = 256
"""At once; further ones are closed unheard."""


class Connection(RequestHandler):
    """As aiohttp's, which would send the offending bytes back, and write them to the log with a traceback."""

    __slots__ = ("_server",)

    def __init__(self, server: web.Server, *, loop: AbstractEventLoop, **options: Any) -> None:
        super().__init__(server, loop=loop, **options)
        self._server = server

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin, unless there are too many."""
        super().connection_made(transport)
        if len(self._server.connections) > MOST_CONNECTIONS:
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Say that it is no good, and close."""
        del message  # it quotes what was sent
        kind = type(exc).__name__ if exc else ""
        structlog.get_logger("repave.web").debug("not HTTP", status=status, error=kind, peer=request.remote)
        if request.writer.output_size > 0:
            raise ConnectionError("a response has begun; another cannot be sent")
        what = "this is no request that can be read" if status < 500 else HTTPStatus(status).phrase
        response = response_to(Problem(status, what))
        response.headers.update(HEADERS)
        response.force_close()
        return response
