"""Times as people say them, for reasons and sentences."""

from datetime import UTC, datetime

UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
FAR_DAYS = 300
"""A date further away than this is told with its year."""


def span_words(seconds: float) -> str:
    """A length of time in its two largest units: `3 h 12 min`, `45 s`; `0 s` for none and less."""
    parts: list[str] = []
    whole = int(max(0.0, seconds))
    for unit, size in UNITS:
        count, whole = divmod(whole, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def moment_words(at: datetime, now: datetime, zone: str = "UTC") -> str:
    """A moment as a person close to it says it: `13:20:05 UTC` on the same day, else `Mon 30 Nov 09:00 UTC`.

    Give both in the zone that is to be named; what is in no zone of its own is taken as UTC.
    """
    if zone == "UTC":
        at, now = at.astimezone(UTC), now.astimezone(UTC)
    if at.date() == now.date():
        return f"{at:%H:%M:%S} {zone}"
    year = f"{at:%Y} " if abs((at - now).days) > FAR_DAYS else ""
    return f"{at:%a} {at.day} {at:%b} {year}{at:%H:%M} {zone}"
