"""What a group has tried lately, and is about to do: why one more launch should wait.

Scaling activities: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.clients.aws import Aws, AwsScope
from controller.domain.errors import PlatformError
from controller.domain.ports import Clock
from controller.domain.veto import Needs, Veto
from controller.platforms.asg.audit import complaint

REPEATEDLY = 2
"""One launch that failed may have been bad luck."""

BACKOFF, LONGEST_BACKOFF = timedelta(minutes=2), timedelta(hours=1)
"""After how long the next launch may be tried, doubled with each further failure in a row."""

BEFORE, AFTER = timedelta(minutes=2), timedelta(seconds=30)
"""Around a scheduled action, in which the group moves by itself. Less than the shortest deadline that waits for it."""

ASK_AGAIN = timedelta(minutes=5)
"""When to ask again what is scheduled."""

MOST_ACTIVITIES = 20


@dataclass(frozen=True, slots=True)
class Outlook:
    """vetoes: why one more launch should wait. gaps: what could not be read; it is no reason to wait."""

    vetoes: tuple[Veto, ...] = ()
    gaps: tuple[str, ...] = ()


class Preflight:
    """Looks at a group's activities at every tick, and at its schedule every few minutes."""

    def __init__(self, aws: Aws, scope: AwsScope, clock: Clock) -> None:
        self._aws = aws
        self._scope = scope
        self._clock = clock
        self._schedules: dict[str, tuple[list[Mapping[str, Any]], datetime]] = {}

    async def outlook(self, group: str) -> Outlook:
        """What speaks against a launch now."""
        now = self._clock.now()
        try:
            answer = await self._aws.read(
                self._scope,
                "autoscaling",
                "DescribeScalingActivities",
                AutoScalingGroupName=group,
                MaxRecords=MOST_ACTIVITIES,
            )
            schedule = await self._schedule(group, now)
        except PlatformError as error:
            return Outlook(gaps=(f"what {group} tried and is about to do could not be read: {error}",))
        return Outlook((*failing(group, answer["Activities"], now), *scheduled(group, schedule, now)))

    async def _schedule(self, group: str, now: datetime) -> list[Mapping[str, Any]]:
        known, asked_at = self._schedules.get(group, ([], None))
        if asked_at is None or now - asked_at >= ASK_AGAIN:
            pages = self._aws.pages(self._scope, "autoscaling", "DescribeScheduledActions", AutoScalingGroupName=group)
            known = [action async for page in pages for action in page.get("ScheduledUpdateGroupActions") or ()]
            self._schedules[group] = (known, now)
        return known


def failing(group: str, activities: Iterable[Mapping[str, Any]], now: datetime) -> Iterator[Veto]:
    """The newest launches failed, one after the other, and the next try is not due. One that succeeds ends it."""
    failed: list[Mapping[str, Any]] = []
    for activity in activities:
        if not (activity.get("Description") or "").startswith("Launching"):
            continue
        if activity["StatusCode"] == "Successful":
            break
        if activity["StatusCode"] == "Failed":
            failed.append(activity)
    if len(failed) < REPEATEDLY:
        return
    wait = min(BACKOFF * 2 ** min(len(failed) - REPEATEDLY, 10), LONGEST_BACKOFF)
    again_at: datetime = failed[0]["StartTime"] + wait
    if now < again_at:
        reason = f"the last {len(failed)} launches of {group} failed. {complaint(failed)}".rstrip(" .")
        yield Veto("no_capacity", reason, Needs.WORLD, again_at)


def scheduled(group: str, actions: Iterable[Mapping[str, Any]], now: datetime) -> Iterator[Veto]:
    """A scheduled action is about to move the group, or has just begun to."""
    for action in actions:
        at = action.get("StartTime")
        if at is not None and at - BEFORE <= now < at + AFTER:
            name = action.get("ScheduledActionName") or "a scheduled action"
            yield Veto("platform_busy", f"{name} moves {group} at {at:%H:%M:%S} UTC", Needs.WORLD, at + AFTER)
