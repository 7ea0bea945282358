"""Who acts on which fleet where several daemons are there. Whoever sees the same decides the same.

A fleet stays with its holder. A free one goes to whoever has the fewest; who has two more than another gives one up. So
fleets are shared evenly (no two daemons differ by more than one), only as many move as have to, and once it is even
nothing moves. Ties go by rendezvous hashing, so that daemons do not all reach for the same fleet.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from controller.domain.ports import Lease, Presence

SETTLED_AFTER = 2.0
"""For how many lives of a lease a daemon has to be there before anybody gives something up for it: one that starts,
fails and starts again is given nothing."""


@dataclass(frozen=True, slots=True)
class Roll:
    """Who is there and who holds what, as one daemon sees it. ttl_seconds: how long a lease lasts.

    free_since: of each fleet that nobody holds, since when this daemon has seen it so.
    """

    now: datetime
    ttl_seconds: float
    present: Sequence[Presence]
    leases: Sequence[Lease]
    free_since: Mapping[str, datetime] = field(default_factory=dict)

    def held(self) -> dict[str, str]:
        """Fleet -> owner of a lease that has not run out."""
        return {lease.fleet: lease.owner for lease in self.leases if lease.expires_at > self.now}


@dataclass(frozen=True, slots=True)
class Move:
    """A fleet that should change hands."""

    fleet: str
    giver: str
    receiver: str


def meant_for(roll: Roll) -> dict[str, str]:
    """Fleet -> who holds it, or who is first to take it."""
    meant = roll.held()
    loads = Counter({one.owner: 0 for one in roll.present})
    loads.update(owner for owner in meant.values() if owner in loads)
    for fleet in sorted({fleet for one in roll.present for fleet in one.fleets} - meant.keys()):
        watching = [one.owner for one in roll.present if fleet in one.fleets]
        meant[fleet] = min(watching, key=lambda owner: (loads[owner], -_score(owner, fleet)))
        loads[meant[fleet]] += 1
    return meant


def to_take(roll: Roll, me: str) -> frozenset[str]:
    """The free fleets whose lease this daemon may reach for: they are meant for it, or nobody took them for as long as
    a lease lasts."""
    held, meant = roll.held(), meant_for(roll)
    over_since = roll.now - timedelta(seconds=roll.ttl_seconds)
    left = {fleet for fleet, since in roll.free_since.items() if since <= over_since}
    return frozenset({fleet for fleet, owner in meant.items() if owner == me} | left) - held.keys()


def to_hand_over(roll: Roll, me: str, idle: Collection[str]) -> frozenset[str]:
    """What this daemon should give up of the fleets in which nothing is under way."""
    watched = {one.owner: one.fleets for one in roll.present}
    mine = {fleet for fleet, owner in roll.held().items() if owner == me and fleet in idle}
    given = set[str]()
    for move in moves(roll):
        if move.giver == me:
            fitting = [fleet for fleet in sorted(mine - given) if fleet in watched[move.receiver]]
            given |= {max(fitting, key=lambda fleet: _score(move.receiver, fleet))} if fitting else set()
    return frozenset(given)


def moves(roll: Roll) -> Iterator[Move]:
    """What should move by what is so now, most unequal first; which daemons are busy is not known here. So nobody gives
    anything on the strength of what it is only about to get: that may not come for long."""
    meant, held = meant_for(roll), roll.held()
    watched = {one.owner: one.fleets for one in roll.present}
    settled_since = roll.now - timedelta(seconds=SETTLED_AFTER * roll.ttl_seconds)
    settled = [one.owner for one in roll.present if one.since <= settled_since]
    loads = Counter(dict.fromkeys(watched, 0))
    loads.update(owner for owner in meant.values() if owner in watched)
    theirs = {owner: {fleet for fleet, holder in held.items() if holder == owner} for owner in watched}
    left = Counter(loads)
    while move := _next(left, loads, theirs, watched, settled):
        theirs[move.giver].discard(move.fleet)
        left[move.giver] -= 1
        loads[move.receiver] += 1
        yield move


def _next(
    left: Mapping[str, int],
    loads: Mapping[str, int],
    theirs: Mapping[str, Collection[str]],
    watched: Mapping[str, Collection[str]],
    settled: Collection[str],
) -> Move | None:
    pairs = [(giver, receiver) for giver in left for receiver in settled if left[giver] - loads[receiver] >= 2]
    for giver, receiver in sorted(pairs, key=lambda pair: (loads[pair[1]] - left[pair[0]], pair)):
        fitting = sorted(set(theirs[giver]) & set(watched[receiver]))
        if fitting:
            return Move(max(fitting, key=lambda fleet: _score(receiver, fleet)), giver, receiver)
    return None


def _score(owner: str, fleet: str) -> int:
    """How much this daemon is drawn to this fleet: another for each pair, and for ever the same."""
    return int.from_bytes(sha256(f"{owner}\n{fleet}".encode()).digest()[:8])
