"""Keeps secrets out of logs, whoever logs them."""

import re
from collections.abc import Mapping
from typing import Any

from structlog.typing import EventDict, WrappedLogger

REDACTED = "[redacted]"
TOO_DEEP = "[too deep]"
MOST_DEPTH = 6

SECRET_NAME = re.compile(
    r"secret|passw|passphrase|token|credential|authoriz|cookie|signature|dsn"
    r"|(^|api|access|license|private|routing|signing|account|encryption|session)[-_. ]?key$",
    re.IGNORECASE,
)
"""What a key that guards a secret is called. `key` alone counts, `key_name` does not."""

IN_URL = re.compile(r"(?<=://)[^/\s@]+(?=@)")
IN_HEADER = re.compile(r"\b(bearer|basic)\s+[\w+/.~=-]{8,}", re.IGNORECASE)
IN_TEXT = re.compile(
    r"\b((?:api|license|secret|access)[-_]?key|token|password|secret)(\s*[=:]\s*)[^\s,;&'\"]+", re.IGNORECASE
)


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


def scrub(text: str) -> str:
    """The text without passwords in addresses, bearer tokens, and `api_key=...`."""
    text = IN_URL.sub(REDACTED, text)
    text = IN_HEADER.sub(rf"\1 {REDACTED}", text)
    return IN_TEXT.sub(rf"\1\2{REDACTED}", text)
