"""Facts in the words of a person who reads a terminal."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")


def evidence_text(item: Mapping[str, Any]) -> str:
    """Such as `disk filling: 93.1 % (breached, above 90, for 22m 00s of 15m 00s)`."""
    rule, outcome, unit = item.get("rule"), item.get("outcome"), item.get("unit")
    if item.get("value") is None:
        return f"{rule}: {outcome} ({item.get('reason')})"
    threshold = str(item.get("threshold"))
    if unit == "s":
        threshold = NUMBER.sub(lambda found: duration(float(found[0])), threshold)
    value = measured(item["value"], unit)
    if outcome != "breached":
        return f"{rule}: {value} ({outcome}, not {threshold})"
    required, lasted = item.get("for_seconds"), item.get("breached_for_seconds")
    lasting = f", for {duration(lasted)} of {duration(required)}" if required else ""
    return f"{rule}: {value} (breached, {threshold}{lasting})"


def measured(value: Any, unit: Any) -> str:
    """A value with its unit; seconds as a duration."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{value} {unit or ''}".rstrip()
    if unit == "s":
        return duration(value)
    number = f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{number} {unit or ''}".rstrip()


def duration(seconds: Any) -> str:
    """Seconds as a person says them: `0.3s`, `42s`, `4m 12s`, `1h 03m`, `30d 0h`."""
    if not isinstance(seconds, int | float) or not isfinite(seconds):
        return "?"
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes}m {rest:02d}s"
    days, hours_left = divmod(hours, 24)
    return f"{hours}h {minutes:02d}m" if days < 2 else f"{days}d {hours_left}h"
