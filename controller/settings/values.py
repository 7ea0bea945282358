"""The small words of the configuration: durations, shares, amounts, names. Each is read once and becomes a number."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from controller.clients.option_types import DURATION_SCHEMA, duration_text, expected, read_duration, shown
from controller.domain.policy import Amount

__all__ = [
    "DURATION_SCHEMA",
    "Duration",
    "DurationOrNone",
    "Flag",
    "FloorAmount",
    "Label",
    "LimitAmount",
    "Number",
    "PerHour",
    "Share",
    "duration_text",
    "expected",
    "read_duration",
    "read_share",
    "share_text",
    "shown",
]

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
FLEET_NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}"


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
