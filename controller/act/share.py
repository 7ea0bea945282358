"""Whether a fleet is this daemon's, where several daemons share the fleets."""

from typing import Protocol


class Share(Protocol):
    """What a loop asks before it takes or keeps its fleet."""

    async def look(self) -> None:
        """See who else is there, now."""

    def may_take(self, fleet: str) -> bool:
        """Whether to reach for its lease, while this daemon has none."""

    def gives_up(self, fleet: str) -> bool:
        """Whether to let it go. Only asked while nothing is under way there."""


class Alone:
    """Takes whatever is free and gives nothing up: who ends by itself is no part of a service."""

    async def look(self) -> None:
        """Nobody else counts."""

    def may_take(self, fleet: str) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def gives_up(self, fleet: str) -> bool:  # noqa: ARG002
        """Never."""
        return False
