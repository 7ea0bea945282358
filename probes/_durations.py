"""Durations in the options of probes: kept as the text that the operator wrote, read as seconds where they are used."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

PATTERN = re.compile(r"(?=[0-9])(?:([0-9]{1,4})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
UNIT_SECONDS = (86_400, 3_600, 60, 1)


def seconds_of(text: str) -> int:
    """Whole seconds in a duration such as `90s`, `15m` or `1h30m`. Raises ValueError when it is none."""
    parts = PATTERN.fullmatch(text)
    if not parts or not any(parts.groups()):
        raise ValueError("a duration such as 60s, 5m or 1h")
    return sum(int(number) * unit for number, unit in zip(parts.groups(), UNIT_SECONDS, strict=True) if number)


def _checked(text: str) -> str:
    seconds_of(text)
    return text


DurationText = Annotated[
    str, Field(strict=True, max_length=24, json_schema_extra={"examples": ["60s", "5m"]}), AfterValidator(_checked)
]
"""A duration in whole seconds, such as `60s`, `5m` or `1h30m`."""
