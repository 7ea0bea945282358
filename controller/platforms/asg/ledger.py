"""What one process remembers between calls: turns, claims and its own last changes. The journal stays the truth; this
bridges the moments until the journal, or AWS's next answer, says the same."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta

from controller.domain.ports import Clock
from controller.platforms.asg.group import GroupView

SETTLING = timedelta(seconds=10)
"""For how long after a change of ours a read that does not show it is taken for an old one."""

ABSENT, MISSES = timedelta(minutes=1), 5
"""For how long, and from how many answers in a row, a group has to be missing before it is taken for deleted."""


class Ledger:
    """One per process, shared by every fleet and every policy of it, so that a group has one lock whoever asks."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._claims: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._expected: dict[str, tuple[int, datetime]] = {}
        self._missed_at: defaultdict[str, list[datetime]] = defaultdict(list)

    def lock(self, group: str) -> asyncio.Lock:
        """Hold it around reading a desired capacity and writing it back. Between processes the lease does the same."""
        return self._locks[group]

    def seen(self, group: str) -> None:
        """It is there."""
        self._missed_at.pop(group, None)

    def missed(self, group: str) -> bool:
        """It was not in an answer: whether that has been so for long enough to be believed."""
        missed_at = self._missed_at[group] = [*self._missed_at[group][: MISSES - 1], self.clock.now()]
        return len(missed_at) == MISSES and missed_at[-1] - missed_at[0] >= ABSENT

    def claim(self, group: str, instance_id: str, replacement_id: str) -> None:
        """Whose newcomer this is."""
        self._claims[group][instance_id] = replacement_id

    def claimed_by_others(self, view: GroupView, replacement_id: str) -> frozenset[str]:
        """The members that other replacements claimed. What has left the group is forgotten."""
        claims = self._claims[view.name]
        for gone in [instance_id for instance_id in claims if view.member(instance_id) is None]:
            del claims[gone]
        return frozenset(instance_id for instance_id, owner in claims.items() if owner != replacement_id)

    def expect(self, group: str, desired: int, at: datetime) -> None:
        """AWS confirmed this desired capacity."""
        self._expected[group] = (desired, at)

    def unsettled(self, view: GroupView, now: datetime) -> str | None:
        """Why this read may be older than our own last change, or None. Auto Scaling's reads are eventually
        consistent, and writing back what an old one said would undo that change."""
        expected, at = self._expected.get(view.name, (view.desired, now))
        if view.desired == expected or now - at >= SETTLING:
            return None
        return f"{view.name} does not show a desired capacity of {expected} yet"

    async def aclose(self) -> None:
        """There is nothing to close."""
