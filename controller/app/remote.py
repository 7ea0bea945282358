"""What the command line asks of a running daemon, over its HTTP API: the same documents as from its journal."""

import json
from typing import Any
from urllib.parse import quote

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
)
from pydantic import BaseModel, ValidationError
from yarl import URL

from controller.app.telemetry import program_version
from controller.clock import SystemClock
from controller.domain.errors import Conflict, RepaveError
from controller.operations import documents as doc
from controller.operations.nearest import NotFound
from controller.record.document import TraceDocument
from controller.web.guard import VERSION_HEADER
from controller.web.problem import CONTENT_TYPE, NO_SUCH_PATH, ProblemDocument
from controller.web.routes import PREFIX

TIMEOUT = ClientTimeout(total=30, connect=5)
MOST_BYTES = 64 * 1024 * 1024
MOST_TOLD = 300


class RemoteError(RepaveError):
    """The daemon could not be asked, or did not answer as one does. The text says what to do."""


class RemoteDesk:
    """Asks the daemon at `url` (REPAVE_URL) with `token` (REPAVE_TOKEN). Certificates are verified, redirects are not
    followed (they would carry the token elsewhere), and time and size of an answer are bounded.

    The methods are those of app.desk.Desk; `by` is for the daemon to say, which knows the token's name.
    """

    def __init__(self, url: str, token: str | None) -> None:
        self.clock = SystemClock()
        self._url = _checked(url)
        self._shown = f"REPAVE_URL={self._url}"
        self._headers = {"Accept": "application/json"}
        if token is not None:
            if not (token.isascii() and token.isprintable()) or not token.strip():
                raise RemoteError("REPAVE_TOKEN is no token: it has to be one line of printable ASCII")
            self._headers["Authorization"] = f"Bearer {token.strip()}"

    async def fleets(self) -> dict[str, Any]:
        """The document of `get fleets --json`."""
        return await self._ask("GET", "/fleets", doc.Fleets)

    async def instances(self) -> dict[str, Any]:
        """The document of `get instances --json`."""
        return await self._ask("GET", "/instances", doc.Instances)

    async def replacements(self, limit: int) -> dict[str, Any]:
        """The document of `get replacements --json`."""
        return await self._ask("GET", f"/replacements?limit={limit}", doc.Replacements)

    async def requests(self, limit: int) -> dict[str, Any]:
        """The document of `get requests --json`."""
        return await self._ask("GET", f"/requests?limit={limit}", doc.Requests)

    async def trace(self, replacement_id: str) -> dict[str, Any]:
        """The document of `trace --json`. Raises NotFound."""
        return await self._ask("GET", f"/replacements/{_part(replacement_id)}/trace", TraceDocument)

    async def drawing(self, replacement_id: str, width: int) -> dict[str, Any]:
        """The trace drawn for a terminal `width` cells wide. Raises NotFound."""
        path = f"/replacements/{_part(replacement_id)}/trace/drawing?width={min(max(width, 40), 500)}"
        return await self._ask("GET", path, doc.Drawing)

    async def hold(self, target: str, duration: str | None, reason: str, by: str) -> dict[str, Any]:
        """Stop a fleet, an instance, or `all`."""
        del by
        body = {"target": target, "reason": reason, **({"for": duration} if duration is not None else {})}
        return await self._ask("POST", "/holds", doc.Hold, body)

    async def resume(self, target: str, by: str) -> dict[str, Any]:
        """End the stop of a fleet, of an instance, or of `all`."""
        del by
        return await self._ask("DELETE", f"/holds/{_part(target)}", doc.Resumed)

    async def approve(self, request_id: str, by: str) -> dict[str, Any]:
        """Say yes to a proposal. Raises NotFound and Conflict."""
        del by
        return await self._ask("POST", f"/replacements/{_part(request_id)}/approve", doc.Request, {})

    async def abort(self, replacement_id: str, reason: str, by: str) -> dict[str, Any]:
        """Turn a proposal or an open replacement back. Raises NotFound and Conflict."""
        del by
        path = f"/replacements/{_part(replacement_id)}/abort"
        return await self._ask("POST", path, doc.Aborted, {"reason": reason})

    async def replace(self, instance_id: str, reason: str, by: str) -> dict[str, Any]:
        """Ask for a replacement. Raises NotFound and Conflict."""
        del by
        return await self._ask("POST", f"/instances/{_part(instance_id)}/replace", doc.Request, {"reason": reason})

    async def _ask(
        self, method: str, path: str, model: type[BaseModel], body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """One request. Raises RemoteError, and what the daemon's answer stands for."""
        url = URL(f"{self._url}{PREFIX}{path}", encoded=True)
        try:
            async with (
                ClientSession(timeout=TIMEOUT, headers=self._headers) as session,
                session.request(method, url, json=body, allow_redirects=False) as response,
            ):
                return self._understood(response, await _read(response), model)
        except TimeoutError:
            raise RemoteError(f"{self._shown} did not answer in time") from None
        except (ClientConnectorCertificateError, ClientSSLError) as error:
            raise RemoteError(f"{self._shown}: the connection cannot be trusted: {_told(error)}") from None
        except ClientConnectorError as error:
            reason = error.os_error.strerror or str(error.os_error)
            raise RemoteError(f"{self._shown}: nobody answers there ({reason}); is the daemon up?") from None
        except (ClientError, ConnectionError, UnicodeError) as error:  # UnicodeError: of a host that is no name
            raise RemoteError(f"{self._shown} is no Repave, or broke off: {_told(error)}") from None

    def _understood(self, response: ClientResponse, content: bytes, model: type[BaseModel]) -> dict[str, Any]:
        if response.status >= 300:
            raise self._refused(response, content)
        try:
            document = json.loads(content)
            model.model_validate(document)
        except (ValueError, RecursionError):
            raise self._other(response) from None
        return dict(document)

    def _refused(self, response: ClientResponse, content: bytes) -> RepaveError:
        """The error that a refusal stands for."""
        if response.content_type != CONTENT_TYPE:
            return self._other(response)
        try:
            problem = ProblemDocument.model_validate_json(content)
        except ValidationError:
            return self._other(response)
        if problem.type == NO_SUCH_PATH:
            return self._other(response)
        match response.status:
            case 401 if "Authorization" not in self._headers:
                return RemoteError(f"{self._shown} wants a token: put it into REPAVE_TOKEN ({problem.detail})")
            case 401:
                return RemoteError(f"{self._shown} does not take REPAVE_TOKEN: {problem.detail}")
            case 404:
                return NotFound(problem.detail)
            case 409:
                return Conflict(problem.detail)
            case 422:
                return RepaveError(problem.detail)
            case _:
                return RemoteError(f"{self._shown} says: {problem.detail}")

    def _other(self, response: ClientResponse) -> RemoteError:
        """Somebody else, or another version."""
        version = response.headers.get(VERSION_HEADER, "")[:40]
        if version:
            ours = program_version()
            return RemoteError(f"{self._shown} is Repave {version}, and this is {ours}: it answers otherwise")
        if 300 <= response.status < 400:
            where = response.headers.get("Location", "elsewhere")[:200]
            return RemoteError(f"{self._shown} leads on to {where}; put the daemon's own address there")
        return RemoteError(f"{self._shown} is no Repave: it answers {response.status} with {response.content_type}")


def _checked(url: str) -> str:
    """Raises RemoteError for what is no address; what it holds may be a secret and is not shown."""
    try:
        parsed = URL(url.rstrip("/"))
    except ValueError:
        parsed = URL()
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query_string or parsed.fragment:
        raise RemoteError("REPAVE_URL has to be an address such as http://127.0.0.1:8080")
    if parsed.user is not None or parsed.password is not None:
        raise RemoteError("REPAVE_URL takes no user name or password; the token goes into REPAVE_TOKEN")
    return str(parsed).rstrip("/")


async def _read(response: ClientResponse) -> bytes:
    content = bytearray()
    async for part in response.content.iter_chunked(64 * 1024):
        content += part
        if len(content) > MOST_BYTES:
            raise ConnectionError("its answer has no end")
    return bytes(content)


def _part(name: str) -> str:
    return quote(name, safe="")


def _told(error: BaseException) -> str:
    text = " ".join((str(error) or type(error).__name__).split())
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:MOST_TOLD]
