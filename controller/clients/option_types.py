"""What the options of platforms, probes and telemetry sources are made of: durations, addresses, references to secrets.

They live beside the clients because probes may know these and not the settings, which use them too.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_DIGITS = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_DURATION = re.compile("".join(f"(?:({_DIGITS}){unit})?" for unit in "dhms"))
_UNIT_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
MAX_DURATION_SECONDS = 3_650 * 86_400.0

KINDS = ("env", "file", "secretsmanager")


def expected(phrase: str, near: str = "") -> PydanticCustomError:
    """An error whose text goes after the key: `must be ...`. near: what `did_you_mean` found."""
    return PydanticCustomError("expected", "{phrase}", {"phrase": phrase, "near": near})


def shown(value: object) -> str:
    """A value as an error may show it: short, and never what is inside a collection."""
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value}"
        case str():
            return repr(value) if len(value) <= 40 else "a long text"
        case _:
            return "a list" if isinstance(value, list) else "a mapping"


def read_duration(value: object) -> float:
    """Seconds in a duration such as `90s`, `15m`, `6h`, `30d` or `1h30m`. Raises an `expected` error."""
    parts = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not parts or not any(parts.groups()):
        unit = ", which has no unit" if isinstance(value, int | float) and not isinstance(value, bool) else ""
        raise expected(f"must be a duration such as 90s, 15m, 6h or 30d, not {shown(value)}{unit}")
    pairs = zip(parts.groups(), _UNIT_SECONDS.values(), strict=True)
    seconds = sum(float(number) * unit for number, unit in pairs if number)
    if seconds > MAX_DURATION_SECONDS:
        raise expected(f"must be at most {duration_text(MAX_DURATION_SECONDS)}, not {shown(value)}")
    return seconds


def duration_text(seconds: float) -> str:
    """Seconds as a person writes them: `1h30m`, `0.5s`."""
    text, rest = "", seconds
    for letter, size in _UNIT_SECONDS.items():
        whole = rest // size if letter != "s" else rest
        if whole:
            text += f"{whole:g}{letter}" if letter == "s" else f"{int(whole)}{letter}"
            rest -= whole * size
    return text or "0s"


def _positive(value: object) -> float:
    seconds = read_duration(value)
    if not seconds:
        raise expected("must be more than 0s")
    return seconds


DURATION_SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": f"^(?=[0-9]){_DURATION.pattern}$",
    "examples": ["90s", "15m", "6h", "30d"],
}
_AS_TEXT = PlainSerializer(lambda seconds: f"{seconds:.6f}s", when_used="json")
OptionDuration = Annotated[float, PlainValidator(_positive), _AS_TEXT, WithJsonSchema(DURATION_SCHEMA)]
"""Seconds, more than none, as an option of a probe or source; a policy's document has it as a duration again."""
OptionDurationOrNone = Annotated[float, PlainValidator(read_duration), _AS_TEXT, WithJsonSchema(DURATION_SCHEMA)]
"""Seconds; `0s` is allowed."""


def text_like(pattern: str, phrase: str) -> tuple[PlainValidator, WithJsonSchema]:
    """What makes an option a text of this pattern (the whole of it); phrase: `must be ...`, for the error."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise expected(f"{phrase}, not {shown(value)}")
        return value

    return PlainValidator(read), WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


def _read_url(value: object) -> str:
    # An address may carry a password: it is never shown.
    try:
        parts = urlsplit(value) if isinstance(value, str) and value.isprintable() else None
        good = parts is not None and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        parts, good = None, False
    if parts is None or not good or " " in str(value):
        raise expected("must be an address such as https://prometheus.example.org:9090")
    if parts.username is not None or parts.query or parts.fragment:
        raise expected("must be an address without user, password, query and fragment; secrets are given by reference")
    return str(value).rstrip("/")


HttpUrl = Annotated[
    str,
    PlainValidator(_read_url),
    WithJsonSchema({"type": "string", "pattern": "^https?://[^/?#@]+(/[^?#]*)?$", "examples": ["http://host:9090"]}),
]
"""An http or https address without credentials, and without a slash at its end."""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is kept; whoever needs the secret resolves it, when it is needed (`secret_store.Secrets`).

    kind: env | file | secretsmanager. name: the variable, the path, or the secret's name or ARN.
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{{{self.kind}: {self.name}}}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read from, and written as, `{env: NAME}`, `{file: PATH}` or `{secretsmanager: NAME}`."""
        return core_schema.no_info_plain_validator_function(
            read_reference,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda ref: {ref.kind: ref.name}),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """One of three mappings with one key each."""
        return {
            "type": "object",
            "properties": {kind: {"type": "string", "minLength": 1} for kind in KINDS},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }


def read_reference(value: object) -> SecretRef:
    """The reference that a mapping spells. Raises an `expected` error."""
    if isinstance(value, SecretRef):
        return value
    if isinstance(value, dict) and len(value) == 1:
        ((kind, name),) = value.items()
        if kind in KINDS and isinstance(name, str) and name:
            return SecretRef(kind, name)
    # What stands there may be the secret itself, so it is not shown.
    raise expected(
        "takes a reference, {env: NAME}, {file: PATH} or {secretsmanager: NAME}, and never the secret itself"
    )
