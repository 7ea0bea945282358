"""What a person may say yes to, or asked for, before it is a replacement; and the word that turns one back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

REQUESTED = "requested"
"""The cause of a replacement that a person asked for."""

STANDS_FOR = timedelta(hours=1)
"""How long a proposal waits for its answer, and how long a yes waits for what else stands in the way."""

REFUSED_FOR = timedelta(days=1)
"""How long a no to a proposal stands: about that instance, and what was found of it then."""


class RequestKind(StrEnum):
    """Who began it: the daemon proposes, a person requests."""

    PROPOSED = "proposed"
    REQUESTED = "requested"


class RequestState(StrEnum):
    """Where a request stands. The last four are ends; `accepted` means that a replacement of its id began."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Request:
    """An instance that is to be replaced once a person has said so. It spends no budget before it is accepted.

    id: becomes the id of its replacement. verdict: of the instance when it was made. causes: the conditions found then;
    (`requested`,) where a person asked. by: who made it, `repave` for a proposal. reason: of a person, else empty.
    ended: its end, once it has one; closing: the sentence that explains it. ended_at: when.
    """

    id: str
    fleet: str
    instance_id: str
    kind: RequestKind
    verdict: str
    causes: tuple[str, ...]
    by: str
    reason: str
    created_at: datetime
    expires_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    ended: RequestState | None = None
    ended_at: datetime | None = None
    closing: str = ""

    def state(self, now: datetime) -> RequestState:
        """Where it stands; one whose time is over has expired, whether or not a tick has written that down."""
        if self.ended is not None:
            return self.ended
        if self.expires_at <= now:
            return RequestState.EXPIRED
        return RequestState.APPROVED if self.approved_at is not None else RequestState.PROPOSED

    def stands(self, now: datetime) -> bool:
        """Whether it may still become a replacement."""
        return self.state(now) in (RequestState.PROPOSED, RequestState.APPROVED)

    def approved(self, now: datetime) -> bool:
        """Whether a person has said yes, and that still counts."""
        return self.state(now) is RequestState.APPROVED

    def refuses(self, instance_id: str, causes: Iterable[str], now: datetime) -> bool:
        """Whether a person's no to this proposal still keeps this instance from being proposed: it does until something
        else is found of it."""
        no = self.ended is RequestState.ABORTED and not self.requested
        fresh = self.ended_at is not None and now - self.ended_at < REFUSED_FOR
        return no and fresh and self.instance_id == instance_id and set(causes) <= set(self.causes)

    @property
    def requested(self) -> bool:
        """Whether a person asked for it: then the verdict is not asked."""
        return self.kind is RequestKind.REQUESTED


@dataclass(frozen=True, slots=True)
class Abort:
    """A person's word that an open replacement is to be undone. It outranks a hold."""

    replacement_id: str
    by: str
    reason: str
    at: datetime

    def sentence(self) -> str:
        """Who turned it back, and why."""
        return f"aborted by {self.by}: {self.reason}" if self.reason else f"aborted by {self.by}"
