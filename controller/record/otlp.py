"""What an answer of an OTLP/HTTP endpoint means for what was sent: taken, try again, or never."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

MOST_RETRY_AFTER_SECONDS = 300.0
MOST_ERROR_CHARACTERS = 200
TRY_AGAIN = frozenset({408, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, `Retry-After` (empty without one), and the beginning of the body."""

    status: int
    retry_after: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """The backend has it. rejected: how many spans it says it dropped all the same; they must not be sent again."""

    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It may work later. after_seconds: when the backend said so itself."""

    why: str
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """The backend will not take this, however often it is sent."""

    why: str


def meaning(answer: Answer, now: datetime) -> Taken | TryAgain | Never:
    """2xx is taken. 408, 429, 5xx, and a redirect (which would carry our key elsewhere) are tried again; other 4xx are
    final.
    """
    if 200 <= answer.status < 300:
        return _taken(answer.body)
    why = f"HTTP {answer.status} {_words(answer.body)}".rstrip()
    if answer.status in TRY_AGAIN or not 400 <= answer.status < 500:
        return TryAgain(why, _after_seconds(answer.retry_after, now))
    return Never(why)


def _taken(body: bytes) -> Taken:
    """A partial success names the spans that were dropped; an answer that cannot be read names none."""
    try:
        partial = ExportTraceServiceResponse.FromString(body).partial_success
    except DecodeError:
        return Taken()
    return Taken(max(0, int(partial.rejected_spans)), _words(partial.error_message.encode()))


def _words(body: bytes) -> str:
    """The printable part of an error's body, which may be text or a protobuf message, on one line and bounded."""
    text = body.decode("utf-8", "replace")
    printable = "".join(character if character.isascii() and character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:MOST_ERROR_CHARACTERS]


def _after_seconds(text: str, now: datetime) -> float | None:
    """`Retry-After` in seconds or as an HTTP date, never negative and never more than five minutes."""
    if text.strip().isdecimal():
        seconds = float(text)
    else:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), MOST_RETRY_AFTER_SECONDS)
