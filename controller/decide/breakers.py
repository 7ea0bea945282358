"""When the daemon stops itself for one cause, and what proof lets it go on. The journal keeps what comes of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.decide.verify import SICKNESS, Proof
from controller.domain.lifecycle import Outcome
from controller.domain.model import Breaker, Image, Snapshot
from controller.domain.past import IMPROVED, Past
from controller.domain.policy import Policy
from controller.domain.replacement import Replacement
from controller.domain.request import REQUESTED
from controller.domain.verdict import Evidence, Judgement

FINE_FOR = timedelta(minutes=30)
"""For how long a cause has to be fine on every member, with complete data, before that closes its breaker."""

SHARE_OF_LIFE = 4
"""The same cause again within a quarter of the predecessor's life was not cured by replacing."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a look comes to. closed: each with the proof, in words."""

    opened: tuple[Breaker, ...] = ()
    closed: tuple[tuple[Breaker, str], ...] = ()

    def applied(self, snapshot: Snapshot) -> Snapshot:
        """The same sight with the breakers as they are from now on."""
        gone = {breaker for breaker, _ in self.closed}
        left = tuple(breaker for breaker in snapshot.breakers if breaker not in gone)
        return replace(snapshot, breakers=(*left, *self.opened))


def opened_by(replacement: Replacement, proof: Proof | None, at: datetime) -> tuple[Breaker, ...]:
    """Of a successor that was no better: for the causes that it breaches; for all, when it is worse in another way."""
    breached = proof.breached if proof else ()
    causes = breached or tuple(cause for cause in replacement.causes if cause != REQUESTED)
    reason = f"{replacement.id}: {proof.sentence if proof else 'the successor was no better'}"
    return tuple(Breaker(replacement.fleet, cause, reason, at, replacement.image_id) for cause in causes)


def half_open(breaker: Breaker, image: Image | None) -> bool:
    """Whether a launch would use another image now than the one that failed: then one may try."""
    return image is not None and breaker.image_id is not None and image.id != breaker.image_id


def changes(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Changes:
    """What this look opens (a cause that came back too soon) and closes (by proof)."""
    closed = tuple((breaker, proof) for breaker in snapshot.breakers if (proof := _proof(snapshot, judgement, breaker)))
    standing = {breaker.cause for breaker in snapshot.breakers}
    opened: dict[str, Breaker] = {}
    for breaker in _recurrences(snapshot, judgement, policy):
        if breaker.cause not in standing:
            opened.setdefault(breaker.cause, breaker)
    return Changes(tuple(opened.values()), closed)


def _proof(snapshot: Snapshot, judgement: Judgement, breaker: Breaker) -> str | None:
    """What closes a breaker: a replacement for its cause that went well, or a cause that is gone everywhere."""
    for item in snapshot.history.past:
        replaced = item.outcome is Outcome.REPLACED and item.verification == IMPROVED
        if replaced and breaker.cause in item.causes and item.closed_at > breaker.opened_at:
            return f"proof: {item.replacement_id} replaced {item.predecessor}, and {item.successor} is improved"
    since = judgement.memory.fine_since.get(breaker.cause)
    if since is None or snapshot.now - max(since, breaker.opened_at) < FINE_FOR:
        return None
    minutes = FINE_FOR.total_seconds() / 60
    return f"proof: {breaker.cause} was fine on every member, with complete data, for {minutes:g} minutes"


def _recurrences(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Iterator[Breaker]:
    """A successor that has what its predecessor was replaced for, too soon. Ages and declarations move on by
    themselves, and are no rot."""
    for item in snapshot.history.past:
        verdict = judgement.verdicts.get(item.successor or "")
        if item.outcome is not Outcome.REPLACED or item.forgotten or verdict is None:
            continue
        for finding in verdict.findings:
            if finding.cause in SICKNESS and finding.rule in item.causes and _too_soon(item, finding):
                yield Breaker(policy.fleet, finding.rule, _came_back(item, finding), snapshot.now, item.image_id)


def _too_soon(item: Past, finding: Evidence) -> bool:
    life = _life(item)
    return life is not None and _onset(item, finding) - item.closed_at < life / SHARE_OF_LIFE


def _came_back(item: Past, finding: Evidence) -> str:
    after, life = _onset(item, finding) - item.closed_at, _life(item) or timedelta(0)
    hours = f"{after.total_seconds() / 3600:.1f} h, less than a quarter of the {life.total_seconds() / 3600:.1f} h"
    return (
        f"{item.replacement_id}: {finding.rule} is back on {item.successor} after {hours} that {item.predecessor} lived"
    )


def _life(item: Past) -> timedelta | None:
    """How long the predecessor had lived; None when its birth is not known."""
    born_at = item.predecessor_launched_at
    return item.accepted_at - born_at if born_at else None


def _onset(item: Past, finding: Evidence) -> datetime:
    return (finding.measured_at or item.closed_at) - timedelta(seconds=finding.breached_for_seconds)
