"""What may follow in a story."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from controller.domain.errors import Held, IllegalTransition
from controller.domain.lifecycle import Kind
from controller.domain.replacement import Event, Replacement, apply


@dataclass(frozen=True, slots=True)
class Claim:
    """What an open replacement lays its hands on. image_id: what it launches, or launched; None when not known."""

    replacement_id: str
    fleet: str
    predecessor: str
    successor: str | None
    image_id: str | None
    causes: tuple[str, ...]

    def has(self, instance_id: str) -> bool:
        """Whether this instance is one of its two."""
        return instance_id in (self.predecessor, self.successor)


def claim_of(state: Replacement) -> Claim:
    """What this one lays its hands on."""
    return Claim(state.id, state.fleet, state.predecessor, state.successor, state.image_id, state.causes)


Stop = Callable[[Replacement, Event], str | None]
"""Why a `called` event may not follow a replacement as it stands then; None when it may."""


def advanced(was: Replacement, new: Sequence[Event], stop: Stop) -> Replacement:
    """The replacement after these events.

    Raises IllegalTransition when they do not follow what is there (another writer was first, or the state machine has
    no such row), and Held for a `called` event that `stop` refuses.
    """
    now = was
    for event in new:
        if event.replacement_id != was.id:
            raise IllegalTransition(f"events of {event.replacement_id} among those of {was.id}")
        if event.kind is Kind.CALLED:
            told = stop(now, event)
            if told is not None:
                raise Held(told)
        now = apply(now, event)
    return now


def refuse_claimed(now: Replacement, claims: Iterable[Claim]) -> None:
    """Raises IllegalTransition when its successor belongs to another open replacement already."""
    for claim in claims:
        if now.successor is not None and claim.replacement_id != now.id and claim.has(now.successor):
            raise IllegalTransition(f"{now.id} claims {now.successor}, which belongs to {claim.replacement_id} already")
