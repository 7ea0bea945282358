"""What replacements came to, and what follows from it. Rules and the accepting transaction ask the same functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controller.domain.lifecycle import Outcome
from controller.domain.replacement import Replacement
from controller.domain.request import Request

IMPROVED = "improved"


@dataclass(frozen=True, slots=True)
class Past:
    """One replacement that has ended.

    image_id: what the successor was started from, or what a launch would have used where none was; None when not known.
    verification: what the successor proved; None when it never came to that. error_type: why it failed, in one word.
    forgotten: it ended before a person last resumed its fleet: it proves what it proved, but is held against nobody.
    """

    replacement_id: str
    group: str
    predecessor: str
    successor: str | None
    causes: tuple[str, ...]
    outcome: Outcome
    error_type: str | None
    verification: str | None
    image_id: str | None
    accepted_at: datetime
    closed_at: datetime
    predecessor_launched_at: datetime | None = None
    forgotten: bool = False

    @property
    def successor_failed(self) -> bool:
        """Whether it failed by its successor's fault: there was one, and it did not prove itself, or left service."""
        unproven = self.verification != IMPROVED or self.error_type == "successor_lost"
        return self.outcome is Outcome.FAILED and self.successor is not None and unproven


@dataclass(frozen=True, slots=True)
class History:
    """What the journal remembers of replacements, as far as limits need it.

    accepted_at: acceptance times of this fleet's replacements within the last hour, oldest first.
    accepted_everywhere_at: the same over all fleets.
    failures_in_a_row: failed replacements of this fleet since its last success or the last resume.
    failures_in_a_row_everywhere: the same over all fleets.
    past: this fleet's replacements that ended within the last 30 days, newest first, 500 at most.
    refused: this fleet's proposals that people turned down and that still counts, newest first.
    """

    accepted_at: tuple[datetime, ...] = ()
    accepted_everywhere_at: tuple[datetime, ...] = ()
    failures_in_a_row: int = 0
    failures_in_a_row_everywhere: int = 0
    past: tuple[Past, ...] = ()
    refused: tuple[Request, ...] = ()


def past_of(closed: Replacement, *, forgotten: bool = False) -> Past:
    """The same of a replacement that has closed. Raises ValueError for one that is open."""
    if closed.outcome is None or closed.closed_at is None:
        raise ValueError(f"{closed.id} has not ended")
    return Past(
        replacement_id=closed.id,
        group=closed.group,
        predecessor=closed.predecessor,
        successor=closed.successor,
        causes=closed.causes,
        outcome=closed.outcome,
        error_type=closed.error_type,
        verification=closed.verification,
        image_id=closed.image_id,
        accepted_at=closed.accepted_at,
        closed_at=closed.closed_at,
        predecessor_launched_at=closed.predecessor_launched_at,
        forgotten=forgotten,
    )


NOBODYS_FAULT = frozenset({"zone", "declaration_moved", "predecessor_gone"})
"""Why an attempt may come to nothing though neither the instance nor its successor did anything wrong: waiting longer
each time would cure none of them."""


def failed_attempts(past: Sequence[Past], instance_id: str) -> tuple[Past, ...]:
    """The attempts in a row, newest first, that did not end in a replacement of this instance or of those it descends
    from. A success ends the row, and so does a resume; what came to nothing by no fault of the attempt is passed over.
    `past`: newest first."""
    lineage, found = {instance_id}, []
    for item in past:
        ours = item.predecessor in lineage or item.successor in lineage
        if not ours:
            continue
        if item.outcome is Outcome.REPLACED or item.forgotten:
            break
        lineage.add(item.predecessor)
        if item.error_type not in NOBODYS_FAULT:
            found.append(item)
    return tuple(found)


def proven_on(past: Sequence[Past], image_id: str) -> tuple[Past, ...]:
    """The replacements onto this image whose successors proved themselves."""
    return tuple(item for item in past if item.image_id == image_id and item.outcome is Outcome.REPLACED)


def failed_on(past: Sequence[Past], image_id: str) -> tuple[Past, ...]:
    """The replacements whose successors failed on this image since it last proved itself, or a person resumed; newest
    first. `past`: newest first."""
    found = []
    for item in past:
        if item.image_id != image_id:
            continue
        if item.outcome is Outcome.REPLACED or item.forgotten:
            break
        if item.successor_failed:
            found.append(item)
    return tuple(found)
