"""How old something is, or why that cannot be told: what the two age probes share."""

from datetime import UTC, datetime

from controller.domain.model import Reading, Signal, Unknown

EARLIEST = datetime(2006, 1, 1, tzinfo=UTC)
"""EC2 opened in 2006. Where nobody sets a date, image builders leave 1970 or 1980."""


def age(born_at: datetime | None, at: datetime, *, date: str, of: str, query: str) -> Signal | Unknown:
    """Seconds from `born_at` to `at`. Unknown without a date, with one in the future, or with one that nobody set.

    date, of: what is dated and whose it is, such as `creation date` and `ami-0123`, for the reason of an Unknown.
    """
    if born_at is None:
        return Unknown(f"no {date} is known for {of}", query)
    if born_at > at:
        why = "lies in the future: a clock or the date is wrong"
        return Unknown(f"the {date} of {of}, {born_at:%Y-%m-%d %H:%M:%S} UTC, {why}", query)
    if born_at < EARLIEST:
        return Unknown(f"the {date} of {of}, {born_at:%Y-%m-%d}, is not one that anybody set", query)
    return Signal((Reading((at - born_at).total_seconds(), at),), query, unit="s")
