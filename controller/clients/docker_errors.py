"""What an engine says or does when something is wrong, translated once into the domain's small tree of errors."""

import aiohttp

from controller.clients.http_errors import TooLarge, clean
from controller.domain.errors import Denied, Gone, NoCapacity, Permanent, PlatformError, Transient

__all__ = ["TooLarge", "of_failure", "of_status"]

NO_ROOM = ("no space left on device", "address already in use", "port is already allocated", "cannot allocate memory")
"""What the engine's words hold when the host, and not the request, is what is wrong."""


def of_status(status: int, call: str, words: str, *, mutation: bool) -> PlatformError:
    """Our error for an answer that is no success. words: the engine's own.

    The engine answers 5xx after it has done nothing, but also after it has done a part: `perhaps` for a mutation.
    """
    text, code = f"{call}: {clean(words) or f'HTTP {status}'} ({status})", str(status)
    if any(sign in words.lower() for sign in NO_ROOM):
        return NoCapacity(text, call=call, code="no_capacity", perhaps=mutation)
    match status:
        case 401 | 403:
            return Denied(text, call=call, code=code)
        case 404:
            return Gone(text, call=call, code=code)
        case 408 | 429:
            return Transient(text, call=call, code=code)
        case 409:
            return Permanent(text, call=call, code="conflict")
    if status >= 500:
        return Transient(text, call=call, code=code, perhaps=mutation)
    return Permanent(text, call=call, code=code)


def of_failure(error: Exception, call: str, *, mutation: bool) -> PlatformError:
    """Our error for an answer that did not come, or not whole."""
    match error:
        case TimeoutError():
            return Transient(f"{call}: the engine gave no answer in time", call=call, code="timeout", perhaps=mutation)
        case TooLarge():
            return Permanent(f"{call}: {error}", call=call, code="too_large", perhaps=mutation)
        case aiohttp.ClientConnectorError():
            return Transient(f"{call}: no connection to the engine", call=call, code="connection")
        case ValueError():
            what = "what the engine answered is no valid JSON"
            return Transient(f"{call}: {what}", call=call, code="unreadable", perhaps=mutation)
        case _:
            what = "the connection broke before the answer was complete"
            return Transient(f"{call}: {what}", call=call, code="connection", perhaps=mutation)
