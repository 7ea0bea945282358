"""What may be a secret, and what a text or a document is without it. Meant for what is shown, logged or kept: it would
rather take out too much.
"""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

REDACTED = "[redacted]"
TOO_DEEP = "[too deep]"
MOST_DEPTH = 12

SECRET_NAME = re.compile(
    r"secret|passw|passphrase|token|credential|authoriz|cookie|signature|dsn"
    r"|(^|api|access|license|private|routing|signing|account|encryption|session)[-_. ]?key$",
    re.IGNORECASE,
)
"""What a key that guards a secret is called. `key` alone counts, `key_name` does not."""

_NAMES = r"(?:(?:api|licen[cs]e|secret|access|private|signing)[-_]?key|tokens?|passwords?|passwd|passphrase|secrets?)"
_NAMED = re.compile(
    rf"({_NAMES}[\w-]{{0,40}}[\"']?\s{{0,5}}[=:]\s{{0,5}})(\"[^\"]*\"|'[^']*'|[^\s,;&'\"]+)", re.IGNORECASE
)
_FLAG = re.compile(rf"((?:^|\s)--?(?:[\w-]{{1,40}}[-_])?{_NAMES}\s+)(\"[^\"]*\"|'[^']*'|[^\s'\"]+)", re.IGNORECASE)
_FLAG_ALONE = re.compile(rf"--?(?:[\w-]{{1,40}}[-_])?{_NAMES}", re.IGNORECASE)
_IN_URL = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_IN_HEADER = re.compile(r"\b(bearer|basic)\s+[\w+/.~=-]{8,}", re.IGNORECASE)
_KNOWN = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|\b(?:gh[opsu]|glpat|xox[abprs]|sk|rk)[-_]\w[\w-]{9,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*"
)
"""Shapes that nothing else has: keys of AWS, JSON web tokens, tokens of GitHub, GitLab, Slack and Stripe, PEM."""

_OPAQUE = re.compile(r"(?=[^/\s]*\d)(?=[^/\s]*[A-Za-z])[A-Za-z0-9+=_~-][A-Za-z0-9+/=_~-]{27,}")
"""A long value of letters and digits that says nothing to a person. Digests of images and commits are among them."""


_MAYBE_SECRET = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}|(?i:[\w-]*(?:token|secret|password|signature|credential)[\w-]*)\s*[=:]\s*\S+",
)
_LONGEST_TEXT = 300
_LONGEST_READ = 1200


def scrub(text: str) -> str:
    """The text without passwords in addresses, bearer tokens, `api_key=...`, `--password ...` and keys that show."""
    text = _IN_URL.sub(REDACTED, text)
    text = _IN_HEADER.sub(rf"\1 {REDACTED}", text)
    text = _KNOWN.sub(REDACTED, text)
    text = _NAMED.sub(rf"\1{REDACTED}", text)
    return _FLAG.sub(rf"\1{REDACTED}", text)


def readable(message: str) -> str:
    """One short line of printable characters, without what may be a secret. Only the beginning of a long one is looked
    at: what is looked for takes time with the square of the length."""
    return clean(scrub(printable(message[:_LONGEST_READ])))


def clean(text: str) -> str:
    """A vendor's words on one line, shortened, without what may be a secret."""
    text, _, _ = text.partition("Encoded authorization failure message")
    text = _MAYBE_SECRET.sub("[redacted]", " ".join(text.split()))
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}..."


def printable(text: str) -> str:
    """What does not print becomes a space: it must not move a cursor, nor break a line."""
    return text if text.isprintable() else "".join(one if one.isprintable() else " " for one in text)


def environment(variables: Sequence[object]) -> list[str]:
    """`NAME=value` each, without the value where its name or itself looks like a secret."""
    return [_variable(str(item)) for item in variables]


def arguments(words: Sequence[object]) -> list[str]:
    """The words of a command, without the one that follows `--password` and the like."""
    shown: list[str] = []
    hidden = False
    for word in map(str, words):
        shown.append(REDACTED if hidden else scrub(printable(word)))
        hidden = _FLAG_ALONE.fullmatch(word) is not None
    return shown


def redacted(name: str, value: Any, depth: int = 0) -> Any:
    """A JSON value without what looks like a secret, by the names of its keys and inside its texts."""
    if value is None or isinstance(value, bool | int | float):
        shown = value if value is None or isfinite(value) else str(value)
        return REDACTED if _hides(name, value) else shown
    if depth >= MOST_DEPTH:
        return TOO_DEEP
    match value:
        case str():
            return REDACTED if _hides(name, value) else scrub(printable(value))
        case Mapping():
            return {printable(str(key)): redacted(str(key), item, depth + 1) for key, item in value.items()}
        case list() | tuple() if name == "Env":
            return environment(value)
        case list() | tuple() if all(isinstance(item, str) for item in value):
            return [REDACTED] if _hides(name, value) else arguments(value)
        case list() | tuple():
            return [redacted(name, item, depth + 1) for item in value]
        case _:
            return scrub(printable(str(value)))


def _hides(name: str, value: object) -> bool:
    """Whether it is the secret that its name speaks of. That there is none is no secret."""
    return bool(value) and not isinstance(value, bool) and SECRET_NAME.search(name) is not None


def _variable(item: str) -> str:
    name, equals, value = printable(item).partition("=")
    if not value:
        return item if not equals else f"{name}="
    hidden = SECRET_NAME.search(name) or _OPAQUE.fullmatch(value)
    return f"{name}={REDACTED if hidden else scrub(value)}"
