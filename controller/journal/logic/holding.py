"""Whom a hold stops, which of them counts, and who ended one."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from controller.domain.model import Hold
from controller.domain.ports import Lifted
from controller.domain.replacement import Replacement
from controller.domain.request import Abort

ALL = "all"


def fleet_scope(fleet: str) -> str:
    """The scope of a whole fleet."""
    return f"fleet:{fleet}"


def instance_scopes(*instance_ids: str | None) -> tuple[str, ...]:
    """The scopes of these instances; None is left out."""
    return tuple(f"instance:{instance_id}" for instance_id in instance_ids if instance_id)


def scopes_of(replacement: Replacement) -> tuple[str, ...]:
    """The scopes whose hold stops a replacement: all, its fleet, its two instances."""
    return (ALL, fleet_scope(replacement.fleet), *instance_scopes(replacement.predecessor, replacement.successor))


@dataclass(frozen=True, slots=True)
class KeptHold:
    """A hold as a store keeps it. number: grows with each that was put in force, an order in which no clock matters."""

    number: int
    hold: Hold
    ended_at: datetime | None = None
    ended_by: str | None = None

    def in_force(self, at: datetime) -> bool:
        """It counts from the moment it is written, even if the clock of whoever wrote it runs ahead of ours."""
        return self.ended_at is None and (self.hold.expires_at is None or self.hold.expires_at > at)


@dataclass(frozen=True, slots=True)
class KeptAbort:
    """An abort as a store keeps it. after_hold: the newest hold at that moment; only a later one stops the way back."""

    word: Abort
    after_hold: int


def over(kept: Iterable[KeptHold], at: datetime, scopes: Collection[str]) -> tuple[Hold, ...]:
    """The holds in force over one of these scopes, oldest first."""
    found = sorted((one for one in kept if one.in_force(at) and one.hold.scope in scopes), key=lambda one: one.number)
    return tuple(one.hold for one in found)


def hold_on(state: Replacement, kept: Iterable[KeptHold], abort: KeptAbort | None, at: datetime) -> Hold | None:
    """The hold that forbids this replacement's next call. One that was there when a person said abort does not."""
    after = abort.after_hold if abort else 0
    return next(iter(over((one for one in kept if one.number > after), at, scopes_of(state))), None)


def lifted(kept: Iterable[KeptHold], since: datetime) -> Lifted | None:
    """Who ended the hold that was the last to end after `since`, of those that ended or may run out, oldest first; None
    when it ran out by itself."""
    newest, by = since, None
    for one in kept:
        expires_at = one.hold.expires_at
        ran_out = one.ended_at is None or (expires_at is not None and expires_at <= one.ended_at)
        at = expires_at if ran_out else one.ended_at
        if at is not None and at >= newest:
            newest, by = at, None if ran_out else one.ended_by
    return Lifted(by, newest) if by else None
