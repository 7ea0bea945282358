"""The one way to telemetry over HTTP: for how long, how much, how often, and in whose name. It only ever reads.

Reads are tried again a few times here and nowhere else. An answer is JSON, whole, and within a size, or it is an error.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from controller.clients.http_errors import NoJson, Slow, TooLarge, of_failure, of_status, retry_after, words_of
from controller.clients.http_options import Credential, Endpoint
from controller.clients.http_tls import context_of, versions
from controller.clients.secret_store import Secret, Secrets
from controller.domain.errors import Denied, PlatformError, Transient
from controller.domain.ports import Clock, Resources

T = TypeVar("T")
Body = Mapping[str, Any]

PARSED_ASIDE_BYTES = 256 * 1024
"""Larger bodies are parsed in a thread: a megabyte of JSON takes the loop's time for 10 ms."""


@dataclass(frozen=True, slots=True)
class HttpBounds:
    """How long, how much, how often. connect_seconds: until a connection. answer_seconds: for one answer, whole.
    call_seconds: for one call, tries and waits included; a probe has 20. attempts: of a call. answer_bytes: of a body.
    longest_wait_seconds: that a source's Retry-After is heeded for, at most."""

    connect_seconds: float = 3.0
    answer_seconds: float = 12.0
    call_seconds: float = 18.0
    attempts: int = 3
    answer_bytes: int = 16 * 1024 * 1024
    longest_wait_seconds: float = 300.0


class Http:
    """Connections to every source, made at first use and shared. Close with `aclose`."""

    def __init__(self, clock: Clock, bounds: HttpBounds = HttpBounds()) -> None:
        self.clock = clock
        self.bounds = bounds
        self.quiet_until: dict[Endpoint, datetime] = {}
        self._rooms: dict[Endpoint, asyncio.Semaphore] = {}
        self._sessions: dict[tuple[Any, ...], aiohttp.ClientSession] = {}
        self._lock = asyncio.Lock()

    def room(self, endpoint: Endpoint) -> asyncio.Semaphore:
        """Lets so many requests to an endpoint be in the air at once."""
        return self._rooms.setdefault(endpoint, asyncio.Semaphore(endpoint.most_at_once))

    async def session(self, endpoint: Endpoint) -> aiohttp.ClientSession:
        """The connections for an endpoint's certificates; files that were changed since are read again."""
        files = (endpoint.ca_file, endpoint.client_cert, endpoint.client_key)
        async with self._lock:
            key = await asyncio.to_thread(versions, files)
            if key not in self._sessions:
                trusted = await asyncio.to_thread(context_of, *files)
                connector = aiohttp.TCPConnector(limit=32, ssl=trusted)
                self._sessions[key] = aiohttp.ClientSession(
                    connector=connector,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,
                    headers={"User-Agent": "repave", "Accept": "application/json", "Accept-Encoding": "identity"},
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.bounds.connect_seconds),
                )
            return self._sessions[key]

    async def aclose(self) -> None:
        """Close every connection."""
        async with self._lock:
            sessions, self._sessions = list(self._sessions.values()), {}
            for session in sessions:
                await session.close()


class HttpSource:
    """Asks one endpoint, with its credential. The credential is resolved for each try, and never in any text."""

    def __init__(self, endpoint: Endpoint, resources: Resources) -> None:
        self._endpoint = endpoint
        self._http = resources.get(Http)
        self._secrets = Secrets(resources)

    async def ask(
        self,
        call: str,
        path: str,
        parse: Callable[[Any], T],
        *,
        form: Body | None = None,
        document: Body | None = None,
    ) -> T:
        """What `parse` makes of the JSON that a POST of a form or of a JSON document is answered with.

        call: for messages, such as `prometheus.query_range`. parse: may raise PlatformError, and what it raises
        of Transient is tried again; whatever else it trips over is an answer that makes no sense.
        Raises PlatformError after the last try.
        """
        bounds = self._http.bounds
        retrying = AsyncRetrying(
            retry=retry_if_exception(_worth_another_try),
            stop=stop_after_attempt(bounds.attempts),
            wait=_pause,
            sleep=self._http.clock.sleep,
            reraise=True,
        )
        try:
            async with asyncio.timeout(bounds.call_seconds), self._http.room(self._endpoint):
                return await retrying(partial(self._once, call, path, parse, form, document))
        except TimeoutError as error:
            raise of_failure(error, call, self._place) from None
        except Slow as slow:
            self._keep_quiet(slow)
            raise

    async def _once(
        self, call: str, path: str, parse: Callable[[Any], T], form: Body | None, document: Body | None
    ) -> T:
        self._heed_quiet(call)
        try:
            content = await self._send(call, path, form, document)
        except Denied:
            if not await self._renewed():
                raise
            content = await self._send(call, path, form, document)
        try:
            return parse(content)
        except PlatformError:
            raise
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            raise of_failure(NoJson("its answer makes no sense"), call, self._place) from None

    async def _send(self, call: str, path: str, form: Body | None, document: Body | None) -> Any:
        """One request and its whole answer. Raises PlatformError in our words only."""
        headers, secret = await self._headers()
        try:
            session = await self._http.session(self._endpoint)
            async with asyncio.timeout(self._http.bounds.answer_seconds):
                request = session.post(
                    f"{self._endpoint.url}{path}",
                    data=form,
                    json=document,
                    headers=headers,
                    allow_redirects=False,
                )
                async with request as response:
                    body = await self._body(response)
        except (aiohttp.ClientError, OSError, TimeoutError, TooLarge, ValueError) as error:
            raise of_failure(error, call, self._place) from None
        return await self._content(response, body, call, secret)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for piece in response.content.iter_any():
            body += piece
            if len(body) > self._http.bounds.answer_bytes:
                response.close()
                raise TooLarge(f"the answer is larger than {self._http.bounds.answer_bytes / 1024**2:g} MiB")
        return bytes(body)

    async def _content(self, response: aiohttp.ClientResponse, body: bytes, call: str, secret: Secret | None) -> Any:
        """The JSON of a success; of anything else the error."""
        if response.status == 200:
            try:
                return await _parsed(response, body)
            except NoJson as error:
                raise of_failure(error, call, self._place) from None
        try:
            words = words_of(await _parsed(response, body))
        except NoJson:
            words = ""
        if secret is not None:
            words = words.replace(secret.reveal(), "[redacted]")
        after = retry_after(response.headers.get("Retry-After", ""), self._http.clock.now())
        raise of_status(response.status, call, words, after)

    async def _headers(self) -> tuple[dict[str, str], Secret | None]:
        headers, credential = dict(self._endpoint.headers), self._endpoint.credential
        if credential is None:
            return headers, None
        secret = await self._secrets.resolve(credential.secret)
        return headers | _proof(credential, secret), secret

    async def _renewed(self) -> bool:
        """Whether the secret has changed since it was refused."""
        credential = self._endpoint.credential
        if credential is None:
            return False
        before = await self._secrets.resolve(credential.secret)
        self._secrets.forget(credential.secret)
        return await self._secrets.resolve(credential.secret) != before

    def _keep_quiet(self, slow: Slow) -> None:
        if slow.after_seconds:
            seconds = min(slow.after_seconds, self._http.bounds.longest_wait_seconds)
            until = self._http.clock.now() + timedelta(seconds=seconds)
            self._http.quiet_until[self._endpoint] = max(until, self._http.quiet_until.get(self._endpoint, until))

    def _heed_quiet(self, call: str) -> None:
        until = self._http.quiet_until.get(self._endpoint)
        if until is not None and self._http.clock.now() < until:
            raise Slow(f"{call}: asked to come again after {until:%H:%M:%S} UTC", None, call=call)

    @property
    def _place(self) -> str:
        """Scheme, host and port: a path may be telling."""
        parts = urlsplit(self._endpoint.url)
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}"


def _worth_another_try(error: BaseException) -> bool:
    """A source that names a longer wait than a call may take is not asked again within it."""
    if isinstance(error, Slow):
        return error.after_seconds is not None and error.after_seconds <= 5
    return isinstance(error, Transient)


_BACKOFF = wait_exponential(multiplier=0.25, max=1.5) + wait_random(0, 0.5)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.after_seconds if isinstance(error, Slow) else None
    return max(asked or 0.0, _BACKOFF(state))


def _proof(credential: Credential, secret: Secret) -> dict[str, str]:
    match credential.kind:
        case "bearer":
            return {"Authorization": f"Bearer {secret.reveal()}"}
        case "basic":
            pair = base64.b64encode(f"{credential.name}:{secret.reveal()}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        case _:
            return {credential.name: secret.reveal()}


async def _parsed(response: aiohttp.ClientResponse, body: bytes) -> Any:
    """The JSON of a body. Raises NoJson."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NoJson("the answer is compressed, which was not asked for")
    kind = response.content_type.lower()
    if kind != "application/json" and not kind.endswith("+json"):
        shown = "".join(letter for letter in kind[:60] if letter.isprintable())
        raise NoJson(f"the answer is {shown}, not JSON (is the url right?)")
    try:
        return await asyncio.to_thread(json.loads, body) if len(body) > PARSED_ASIDE_BYTES else json.loads(body)
    except (ValueError, RecursionError):
        raise NoJson("the answer is no valid JSON, or not all of it") from None
