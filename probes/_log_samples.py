"""A few of the lines that condemn an instance, for the people who will ask."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime

from controller.clients.aws import Aws, AwsScope
from controller.clients.aws_errors import clean
from controller.domain.errors import PlatformError
from probes._log_match import Match

MOST_LINES = 5
MOST_PAGES = 5
MOST_STREAMS = 100
PAGE_LINES = 100
PATIENCE_SECONDS = 4.0

SECRET = re.compile(r"(?<=://)[^/\s@]+(?=@)|(?<=bearer )[\w+/.~=-]{8,}|(?<=basic )[\w+/.~=-]{8,}", re.IGNORECASE)
"""Passwords in addresses and headers, beside what `clean` takes out of every vendor's words."""


async def sample_lines(
    aws: Aws, scope: AwsScope, group: str, streams: Sequence[str], match: Match, start: datetime, end: datetime
) -> tuple[str, ...]:
    """The first lines that match, at most five, one line of 300 characters each and without what may be a secret.

    Lines are a courtesy: where they cannot be had there are none, and nothing else changes.
    """
    lines: list[str] = []
    asked = {
        "logGroupName": group,
        "logStreamNames": list(streams[:MOST_STREAMS]),
        "startTime": round(start.timestamp() * 1000),
        "endTime": round(end.timestamp() * 1000),
        "limit": PAGE_LINES,
        **({"filterPattern": match.pattern} if match.pattern else {}),
    }
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(MOST_PAGES):
                page = await aws.read(scope, "logs", "FilterLogEvents", **asked)
                messages = [str(event.get("message", "")) for event in page.get("events") or ()]
                lines += [readable(message) for message in messages if match.local.search(message)]
                asked["nextToken"] = page.get("nextToken")
                if len(lines) >= MOST_LINES or not asked["nextToken"]:  # an empty page is not the end
                    break
    except (PlatformError, TimeoutError):
        pass
    return tuple(lines[:MOST_LINES])


def readable(message: str) -> str:
    """One short line of printable characters, without what may be a secret."""
    line = "".join(one if one.isprintable() else " " for one in message)
    return clean(SECRET.sub("[redacted]", line))
