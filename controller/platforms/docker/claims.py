"""Which fleets of this process declare which containers: where two declare the same, neither may act on it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from weakref import WeakSet

from controller.domain.ports import Clock
from controller.domain.veto import Needs, Veto
from controller.platforms.docker.container import Container
from controller.platforms.docker.options import DockerOptions

STILL_A_FLEET = timedelta(minutes=10)
"""A fleet that nobody has looked at for longer has left the configuration, or changed its options."""


class Claimant:
    """One fleet. ids: of its members at its last look, in full; by them the same engine under two addresses shows."""

    def __init__(self, options: DockerOptions, at: datetime) -> None:
        self.options = options
        self.looked_at = at
        self.ids: frozenset[str] = frozenset()

    def declares(self, url: str, one: Container) -> bool:
        """Whether it would call this container, which its engine's address is told of, a member."""
        return one.id in self.ids or (url in self.options.engines and self.options.selects(one.labels))

    def __str__(self) -> str:
        """By what it finds its members."""
        return f"{self.options.label} on {', '.join(self.options.engines)}"


class Claims:
    """All of them, one memory per process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._claimants: WeakSet[Claimant] = WeakSet()

    def join(self, options: DockerOptions) -> Claimant:
        """One more."""
        claimant = Claimant(options, self._clock.now())
        self._claimants.add(claimant)
        return claimant

    def vetoes(self, own: Claimant, url: str, one: Container) -> Iterator[Veto]:
        """What another says of a member of `own`. The same fleet under an older policy is no other."""
        since = self._clock.now() - STILL_A_FLEET
        others = {
            str(other)
            for other in self._claimants
            if other.looked_at >= since and str(other) != str(own) and other.declares(url, one)
        }
        if others:
            reason = f"{one.name} is a member of two fleets: {'; '.join(sorted({str(own), *others}))}"
            yield Veto("managed_elsewhere", reason, Needs.PERSON)

    async def aclose(self) -> None:
        """There is nothing to close."""
