"""Keeps secrets out of logs, whoever logs them."""

from collections.abc import Mapping
from typing import Any

from structlog.typing import EventDict, WrappedLogger

from controller.clients.redaction import REDACTED, SECRET_NAME, TOO_DEEP, scrub

MOST_DEPTH = 6


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: values under a name that looks like a secret's, and what looks like one inside texts."""
    return {name: _redacted(name, value, 0) for name, value in event.items()}


def _redacted(name: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if SECRET_NAME.search(name):
        return REDACTED
    if depth >= MOST_DEPTH:
        return TOO_DEEP
    match value:
        case str():
            return scrub(value)
        case bytes() | bytearray():
            return f"{len(value)} bytes"
        case Mapping():
            return {str(key): _redacted(str(key), item, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted("", item, depth + 1) for item in value]
        case BaseException():
            return scrub(f"{type(value).__name__}: {value}")
        case _:
            return value
