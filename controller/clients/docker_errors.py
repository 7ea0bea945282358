"""What an engine says or does when something is wrong, translated once into the domain's small tree of errors."""

import ssl

import aiohttp

from controller.clients.http_errors import TooLarge
from controller.clients.redaction import readable
from controller.domain.errors import Denied, Gone, NoCapacity, Permanent, PlatformError, Throttled, Transient

__all__ = ["NoVersion", "TooLarge", "TooOld", "is_about_versions", "of_failure", "of_pull", "of_status"]

NO_ROOM = (
    "address already in use",
    "cannot allocate memory",
    "could not find an available",  # ... non-overlapping address pool among the defaults
    "disk quota exceeded",
    "no available ipv4 addresses",
    "no space left on device",
    "port is already allocated",
    "too many open files",
)
"""What the engine's words hold when the host, and not the request, is what is wrong."""


KINDS: dict[str, type[PlatformError]] = {
    "permission": Denied,
    "tls": Permanent,
    "too_large": Permanent,
    "version": Permanent,
}
"""What a failure is by its code; any other may pass by itself."""


class TooOld(Exception):
    """An engine that does not speak a version of the API that we do."""


class NoVersion(aiohttp.ClientError):
    """An engine that answers the question for its version with an error. status: of that answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def of_status(status: int, call: str, words: str, *, mutation: bool) -> PlatformError:
    """Our error for an answer that is no success. words: the engine's own.

    A 5xx comes after the engine has done nothing, but also after it has done a part: `perhaps` for a mutation. With any
    other status it has looked at the request and refused it.
    """
    text, code = f"{call}: {readable(words) or f'HTTP {status}'} ({status})", str(status)
    perhaps = mutation and status >= 500
    if any(sign in words.lower() for sign in NO_ROOM):
        return NoCapacity(text, call=call, code="no_capacity", perhaps=perhaps)
    if status == 501:  # such as a log that its driver keeps nowhere
        return Permanent(text, call=call, code="not_implemented")
    if status >= 500:
        return Transient(text, call=call, code=code, perhaps=perhaps)
    match status:
        case 401 | 403 | 407:
            return Denied(text, call=call, code=code)
        case 404:
            return Gone(text, call=call, code=code)
        case 429:
            return Throttled(text, call=call, code=code)
        case 408:
            return Transient(text, call=call, code=code)
        case 400 if is_about_versions(words):
            return Transient(text, call=call, code="version")
        case 409:
            return Permanent(text, call=call, code="conflict")
    return Permanent(text, call=call, code=code)


def is_about_versions(words: str) -> bool:
    """Whether the engine refused the version of the API that we speak: it is another engine than it was."""
    return "client version" in words and ("is too old" in words or "is too new" in words)


def of_pull(call: str, words: str) -> PlatformError:
    """Our error for an image that could not be fetched: the engine says so within an answer of status 200."""
    said, text = words.lower(), f"{call}: {readable(words)}"
    if any(sign in said for sign in NO_ROOM):
        return NoCapacity(text, call=call, code="no_capacity")
    if "toomanyrequests" in said or "too many requests" in said:
        return Throttled(text, call=call)
    if "denied" in said or "unauthorized" in said:
        return Denied(text, call=call)
    if "not found" in said or "manifest unknown" in said:
        return Gone(text, call=call)
    return Transient(text, call=call, code="pull")


def of_failure(error: Exception, call: str, *, perhaps: bool) -> PlatformError:
    """Our error for an answer that did not come, or not whole. perhaps: whether a mutation had been sent."""
    text, code = _told(error)
    kind = KINDS.get(code, Transient)
    return kind(f"{call}: {text}", call=call, code=code, perhaps=perhaps)


def _told(error: Exception) -> tuple[str, str]:
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return f"the engine's certificate is not trusted ({_why(error)})", "tls"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "no TLS with the engine", "tls"
        case aiohttp.ClientConnectorError():
            return _unconnected(error.os_error)
        case TimeoutError():
            return "the engine gave no answer in time", "timeout"
        case TooLarge():
            return str(error), "too_large"
        case TooOld():
            return f"the engine is too old: {error}", "version"
        case ValueError() | RecursionError():
            return "what the engine answered makes no sense", "unreadable"
        case NoVersion():
            return f"the engine does not tell its version (HTTP {error.status})", str(error.status)
        case aiohttp.ClientResponseError():
            return "what the engine answered is no HTTP", "unreadable"
        case _:
            return "the connection broke before the answer was complete", "connection"


def _unconnected(why: OSError) -> tuple[str, str]:
    if isinstance(why, PermissionError):
        return "no right to use the engine's socket", "permission"
    return f"no connection to the engine ({why.strerror or 'unreachable'})", "connection"


def _why(error: Exception) -> str:
    inner = getattr(error, "certificate_error", error)
    return str(getattr(inner, "verify_message", "") or "verification failed")
