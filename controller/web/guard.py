"""What every request passes through: whose Host it names, how long it may take, how many there are, and what is sent
back when something goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from controller.domain.errors import RepaveError
from controller.web.problem import Problem, from_http, problem_of, response_to

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "repave",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every response. There is no CORS header: no other site's page may read an answer."""

VERSION_HEADER = "Repave-Version"
"""On every answer of the API, so that a client of another version can say what is wrong."""

LONGEST_REQUEST_SECONDS = 15.0
MOST_AT_ONCE = 16
"""Requests to the API under way; the journal answers one after the other, and the ticks need it too."""

API = "/api/"
STREAM = "/api/v1/events"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """The middleware. loopback: whether only this machine can connect; then only names of this machine are taken for
    Host, so that no web page can reach us under a name of its own (DNS rebinding). version: of the program."""

    def __init__(self, *, loopback: bool, version: str) -> None:
        self._loopback = loopback
        self._version = version
        self._under_way = 0
        self._log = structlog.get_logger("repave.web")

    def middleware(self) -> Middleware:
        """For aiohttp's application."""

        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = await self._answer(request, handler)
            if not response.prepared:
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
                if request.path.startswith(API):
                    response.headers[VERSION_HEADER] = self._version
            return response

        return guarded

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._check_host(request)
            return await self._in_time(request, handler)
        except Problem as problem:
            return response_to(problem)
        except web.HTTPException as error:
            return response_to(from_http(error))
        except RepaveError as error:
            return response_to(problem_of(error))
        except TimeoutError:
            return response_to(Problem(503, "it took too long", {"Retry-After": "5"}))
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, who asked gets a sentence and the log the rest
            self._log.error("a request broke", path=request.path, method=request.method, exc_info=error)
            return response_to(Problem(500, "this request met a fault of Repave; its log says more"))

    async def _in_time(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == STREAM or not request.path.startswith(API):
            return await handler(request)
        if self._under_way >= MOST_AT_ONCE:
            raise Problem(503, "too many requests at once", {"Retry-After": "1"})
        self._under_way += 1
        try:
            async with asyncio.timeout(LONGEST_REQUEST_SECONDS):
                return await handler(request)
        finally:
            self._under_way -= 1

    def _check_host(self, request: web.Request) -> None:
        if self._loopback and not _of_this_machine(request.headers.get("Host", "")):
            raise Problem(403, "this address answers only for localhost, 127.0.0.1 and [::1]")


def _of_this_machine(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower() in ("localhost", "localhost.")
