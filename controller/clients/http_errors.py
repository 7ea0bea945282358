"""What an HTTP source says or does when something is wrong, translated once into the domain's small tree of errors."""

import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from controller.domain.errors import Denied, Gone, Permanent, PlatformError, Throttled, Transient

LONGEST_WORDS = 300


class Slow(Throttled):
    """Throttled, and for how long, in seconds; None where the source did not say."""

    def __init__(self, message: str, after_seconds: float | None, call: str) -> None:
        super().__init__(message, call=call, code="429")
        self.after_seconds = after_seconds


class TooLarge(Exception):
    """An answer that does not end where every sensible one does."""


class NoJson(Exception):
    """An answer that is not the JSON that was asked for."""


def of_status(status: int, call: str, words: str, after_seconds: float | None) -> PlatformError:
    """Our error for an answer that is no success. words: the source's own, cleaned."""
    text = f"{call}: HTTP {status}{f': {words}' if words else ''}"
    code = str(status)
    match status:
        case 401 | 403 | 407:
            return Denied(f"{text} (check the source's credentials)", call=call, code=code)
        case 404 | 410:
            return Gone(f"{text} (check the source's url)", call=call, code=code)
        case 429:
            return Slow(text, after_seconds, call=call)
        case 503 if after_seconds is not None:
            return Slow(text, after_seconds, call=call)
        case 408 | 425:
            return Transient(text, call=call, code=code)
    if 300 <= status < 400:
        where = "it redirects, which is not followed; give its final url"
        return Permanent(f"{call}: HTTP {status}: {where}", call=call, code=code)
    kind = Transient if status >= 500 else Permanent
    return kind(text, call=call, code=code)


def of_failure(error: Exception, call: str, place: str) -> PlatformError:
    """Our error for an answer that did not come, or not whole. The vendor library's own text may quote an address with
    a secret in it, so none of it is repeated."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return Permanent(
                f"{call}: the certificate of {place} is not trusted ({_why(error)})", call=call, code="tls"
            )
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Permanent(f"{call}: no TLS with {place}", call=call, code="tls")
        case TimeoutError():
            return Transient(f"{call}: {place} gave no answer in time", call=call, code="timeout")
        case TooLarge():
            return Permanent(f"{call}: {error}", call=call, code="too_large")
        case NoJson():
            return Transient(f"{call}: {error}", call=call, code="unreadable")
        case aiohttp.ClientConnectorError():
            return Transient(f"{call}: no connection to {place}", call=call, code="connection")
        case aiohttp.InvalidURL():
            return Permanent(f"{call}: the url cannot be used", call=call, code="url")
        case aiohttp.ClientResponseError():
            return Transient(f"{call}: what {place} answered is no HTTP", call=call, code="unreadable")
        case _:
            what = "the connection broke before the answer was complete"
            return Transient(f"{call}: {what}", call=call, code="connection")


def _why(error: Exception) -> str:
    inner = getattr(error, "certificate_error", error)
    return str(getattr(inner, "verify_message", "") or "verification failed")


def retry_after(header: str, now: datetime) -> float | None:
    """Seconds until we may come again, from a Retry-After header (RFC 9110, 10.2.3: seconds or a date)."""
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", header):
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


def words_of(content: object) -> str:
    """The sentence in a source's JSON error: Prometheus says `error`, GraphQL `errors`, others `message`."""
    if isinstance(content, Mapping):
        errors = content.get("errors")
        for found in (
            content.get("error"),
            content.get("message"),
            errors[0] if isinstance(errors, list | tuple) and errors else None,
        ):
            if isinstance(found, str):
                return clean(found)
            if isinstance(found, Mapping) and isinstance(found.get("message"), str):
                return clean(found["message"])
    return ""


def clean(text: str, longest: int = LONGEST_WORDS) -> str:
    """A vendor's words on one line, printable and shortened."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * longest]).split())
    return text if len(text) <= longest else f"{text[:longest]}..."
