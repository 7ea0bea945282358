"""A few of the lines that condemn an instance, for the people who will ask."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from controller.clients.aws import Aws, AwsScope
from controller.clients.redaction import readable
from controller.domain.errors import PlatformError
from probes._log_match import Match

__all__ = ["readable", "sample_lines"]

MOST_LINES = 5
MOST_PAGES = 5
MOST_STREAMS = 100
PAGE_LINES = 100
PATIENCE_SECONDS = 4.0


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
