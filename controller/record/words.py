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
    threshold = _threshold(item)
    value = measured(item["value"], unit)
    if outcome != "breached":
        return f"{rule}: {value} ({outcome}, not {threshold})"
    required, lasted = item.get("for_seconds"), item.get("breached_for_seconds")
    lasting = f", for {duration(lasted)} of {duration(required)}" if required else ""
    return f"{rule}: {value} (breached, {threshold}{lasting})"


def side_text(item: Mapping[str, Any]) -> str:
    """One side of a verification: `successor: errors: 0 % to 0.2 %, last 0.1 % (12 readings, 0 breached, above 5)`."""
    side, rule, unit = item.get("side"), item.get("rule"), item.get("unit")
    match side:
        case "siblings":
            middle = f"median {measured(item['median'], unit)}, " if "median" in item else ""
            return f"siblings: {rule}: {middle}{item.get('breached')} of {item.get('instances')} breached"
        case "successor" if item.get("readings"):
            spread = ""
            if "min" in item and item["min"] != item.get("max"):
                spread = f"{measured(item['min'], unit)} to {measured(item.get('max'), unit)}, last "
            count = item["readings"]
            counted = f"{count} reading{'s' * (count != 1)}, {item.get('breached')} breached, {_threshold(item)}"
            return f"successor: {rule}: {spread}{measured(item.get('last'), unit)} ({counted})"
        case _:
            return f"{side}: {evidence_text(item)}" if "outcome" in item else f"{side}: {rule}: {item.get('reason')}"


def _threshold(item: Mapping[str, Any]) -> str:
    threshold = str(item.get("threshold"))
    if item.get("unit") != "s":
        return threshold
    return NUMBER.sub(lambda found: duration(float(found[0])), threshold)


def measured(value: Any, unit: Any) -> str:
    """A value with its unit; seconds as a duration."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{value} {unit or ''}".rstrip()
    if unit == "s":
        return duration(value)
    number = f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{number} {unit or ''}".rstrip()


def counted(count: Any, one: str, many: str = "") -> str:
    """Such as `1 changed path`, `12 lines of log`; empty for what is no number."""
    if isinstance(count, bool) or not isinstance(count, int):
        return ""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def memory(used: Any, limit: Any) -> str:
    """Such as `12.3 of 64 MiB of memory`; empty where it is not known."""
    if isinstance(used, bool) or not isinstance(used, int | float) or not 0 <= used < 2**50:
        return ""
    within = f" of {limit / 2**20:.4g}" if isinstance(limit, int | float) and 0 < limit < 2**50 else ""
    return f"{used / 2**20:.4g}{within} MiB of memory"


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
