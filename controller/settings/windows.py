"""When a window opens: a cron expression of five fields and a time zone, both read once and proven."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import Annotated
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError
from pydantic import PlainValidator, WithJsonSchema

from controller.domain.policy import Cause, Policy, Window
from controller.settings.located import Located
from controller.settings.problems import Problems, did_you_mean, quoted
from controller.settings.values import duration_text, expected, shown

FIELDS = 5
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""Where openings are counted from; any day would do."""
OPENINGS_LOOKED_AT = 60


def _cron(value: object) -> str:
    if not isinstance(value, str) or len(value.split()) != FIELDS or not value.isprintable() or len(value) > 100:
        what = "five fields (minute, hour, day of month, month, day of week) such as '0 9 * * mon-fri'"
        raise expected(f"must be {what}, not {shown(value)}")
    minute, hour, day, _, _ = fields = value.split()
    try:
        if next(CronSim(value, SOME_DAY), None) is not None:
            return " ".join(fields)
    except CronSimError as error:
        # A day that none of the months has is told like a field that cannot be read.
        if _broken(f"{minute} {hour} {day} * *") or "day-of-month" not in str(error):
            wrong = str(error).removeprefix("Bad ").replace("-", " ")
            raise expected(f"must be a cron expression, and in {quoted(value)} the {wrong} cannot be read") from None
    raise expected(f"must open at some time, and {quoted(value)} never does: those months do not have that day")


def _broken(cron: str) -> bool:
    try:
        CronSim(cron, SOME_DAY)
    except CronSimError:
        return True
    return False


def _timezone(value: object) -> str:
    if isinstance(value, str) and value in _zones():
        return value
    near = ""
    if isinstance(value, str):
        towns = [zone for zone in sorted(_zones()) if zone.rpartition("/")[2].lower() == value.lower()]
        near = did_you_mean(towns[0] if towns else value, _zones())
    raise expected(f"must be a time zone such as Europe/Paris or UTC, not {shown(value)}", near)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


Cron = Annotated[str, PlainValidator(_cron), WithJsonSchema({"type": "string", "examples": ["0 9 * * mon-fri"]})]
"""A cron expression of five fields that fires at some time."""
TimeZone = Annotated[
    str, PlainValidator(_timezone), WithJsonSchema({"type": "string", "examples": ["Europe/Paris", "UTC"]})
]
"""A name of the IANA time zone database."""


def warn_of_windows(policy: Policy, fleet: Located, notes: Problems) -> None:
    """Note windows that never close, and windows of a fleet that has nothing to keep to them."""
    for place, window in enumerate(policy.windows):
        longest = _longest_wait(window)
        if longest is not None and window.for_seconds >= longest:
            what = f"this window never closes: it opens again within {duration_text(longest)} at the latest."
            notes.add(fleet.find(("windows", place, "for")).spot, what)
    if policy.windows and not any(item.cause in (Cause.AGED, Cause.DRIFTED) for item in policy.conditions):
        what = "windows are kept by the aged and the drifted, and nothing here makes an instance either."
        notes.add(fleet.find(("windows",)).spot, what)


def _longest_wait(window: Window) -> float | None:
    """The longest time between two openings, as far as looked at; None when it opens only once."""
    openings = islice(CronSim(window.cron, SOME_DAY), OPENINGS_LOOKED_AT)
    waits: list[timedelta] = [later - earlier for earlier, later in pairwise(openings)]
    return max(waits).total_seconds() if waits else None
