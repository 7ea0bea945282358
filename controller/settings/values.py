"""The small words of the configuration: durations, shares, amounts, names. Each is read once and becomes a number."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from controller.domain.policy import Amount

_DIGITS = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_DURATION = re.compile("".join(f"(?:({_DIGITS}){unit})?" for unit in "dhms"))
_UNIT_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
FLEET_NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
MAX_DURATION_SECONDS = 3_650 * 86_400.0


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


def share_text(share: float) -> str:
    """A share as a person writes it: `30%`."""
    return f"{share * 100:g}%"


def _positive_duration(value: object) -> float:
    seconds = read_duration(value)
    if not seconds:
        raise expected("must be more than 0s")
    return seconds


def read_share(value: object) -> float:
    """A part of one from a share such as `10%`. Raises an `expected` error."""
    parts = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if not parts:
        raise expected(f"must be a share such as 10%, not {shown(value)}")
    share = float(parts[1]) / 100
    if share > 1:
        raise expected(f"must be a share from 0% to 100%, not {value}")
    return share


def _amount(value: object, least: int) -> Amount:
    if isinstance(value, int) and not isinstance(value, bool):
        if value < least:
            raise expected(f"must be at least {least}, not {value}")
        return Amount(count=value)
    if not (isinstance(value, str) and value.endswith("%")):
        raise expected(f"must be a number of instances such as 2, or a share such as 10%, not {shown(value)}")
    share = read_share(value)
    if least and not share:
        raise expected("must be more than 0%")
    return Amount(share=share)


def _limit(value: object) -> Amount:
    return _amount(value, least=1)


def _floor(value: object) -> Amount:
    return _amount(value, least=0)


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise expected("must be one line of printable text")
    return value


def _text_schema(pattern: str, *examples: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern, "examples": list(examples)}


DURATION_SCHEMA = _text_schema(f"^(?=[0-9]){_DURATION.pattern}$", "90s", "15m", "6h", "30d")
SHARE_SCHEMA = _text_schema(f"^{_SHARE.pattern}$", "10%")


def _amount_schema(least: int) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "integer", "minimum": least}, SHARE_SCHEMA]})


Duration = Annotated[float, PlainValidator(_positive_duration), WithJsonSchema(DURATION_SCHEMA)]
"""Seconds, more than none."""
DurationOrNone = Annotated[float, PlainValidator(read_duration), WithJsonSchema(DURATION_SCHEMA)]
"""Seconds; `0s` is allowed."""
Share = Annotated[float, PlainValidator(read_share), WithJsonSchema(SHARE_SCHEMA)]
LimitAmount = Annotated[Amount, PlainValidator(_limit), _amount_schema(1)]
FloorAmount = Annotated[Amount, PlainValidator(_floor), _amount_schema(0)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
PerHour = Annotated[int, Field(strict=True, ge=1, le=10_000)]
Flag = Annotated[bool, Field(strict=True)]
Label = Annotated[str, Field(strict=True, min_length=1, max_length=100), AfterValidator(_one_line)]
"""A name that people read: one line, at most 100 characters."""
