"""The fleets of a running daemon: which there are, and how they change without disturbing each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from controller.act.site import Site
from controller.app.build import Builder, refuse_orphans
from controller.app.daemon import Daemon
from controller.app.watched import Watch, WatchedLoop
from controller.domain.policy import Policy
from controller.domain.ports import Journal

PARK_SECONDS = 8.0
"""How long a fleet may take to park what is under way and give its lease up."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a new configuration changes. Whoever is in none of these goes on as if nothing had happened."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


class Fleets:
    """Their loops, under the lease of one owner (act.roster.Crew)."""

    def __init__(self, daemon: Daemon, owner: str, watch: Watch, journal: Journal) -> None:
        self.loops: dict[str, WatchedLoop] = {}
        self._daemon = daemon
        self._owner = owner
        self._watch = watch
        self._journal = journal
        self._builder: Builder | None = None

    def begin(self, builder: Builder) -> Mapping[str, WatchedLoop]:
        """A loop for every fleet of the builder's configuration, with a watch beside it."""
        self._builder = builder
        self.loops = {name: self._loop(builder, policy) for name, policy in builder.config.fleets.items()}
        return self.loops

    def watched(self) -> frozenset[str]:
        """All of them."""
        return frozenset(self.loops)

    def busy(self, fleet: str) -> bool:
        """Whether a replacement is driven there."""
        return fleet in self.loops and self.loops[fleet].busy

    def wake(self, fleet: str) -> None:
        """Look at this fleet as soon as possible."""
        self._daemon.wake(fleet)

    async def change(self, builder: Builder, at_once: Callable[[], None]) -> Change:
        """Go over to the builder's configuration. at_once: is called in the moment in which it comes into force.

        Open replacements keep the policy that they were accepted under. Raises ConfigError, with everything as it was,
        when a fleet that is left out has taken something up in the meantime.
        """
        before, now = self._before().config, builder.config
        sources_moved = before.telemetry != now.telemetry
        change = Change(
            added=tuple(name for name in now.fleets if name not in before.fleets),
            changed=tuple(
                name
                for name, policy in now.fleets.items()
                if name in before.fleets and (sources_moved or policy.hash != before.fleets[name].hash)
            ),
            removed=tuple(name for name in before.fleets if name not in now.fleets),
        )
        sites = {name: builder.site(now.fleets[name]) for name in change.changed}
        added = {name: self._loop(builder, now.fleets[name]) for name in change.added}
        await self._end(change.removed, now.fleets)
        self._builder = builder
        at_once()
        self._go_on(builder, sites)
        self.loops |= added
        if added:
            await builder.share.look()
        for name, loop in added.items():
            self._daemon.add(name, loop)
        return change

    def _go_on(self, builder: Builder, sites: Mapping[str, Site]) -> None:
        for name, site in sites.items():
            self.loops[name].adopt(site, builder.past_sites())
            self._daemon.wake(name)

    async def _end(self, names: tuple[str, ...], kept: Mapping[str, Policy]) -> None:
        """Let the last look of each end; if none left anything open, they are gone and their leases are free."""
        for name in names:
            await self._daemon.remove(name)
        try:
            await refuse_orphans(self._journal, kept)
        except Exception:
            for name in names:
                self._daemon.add(name, self.loops[name])
            raise
        for name in names:
            await self.loops[name].stop(PARK_SECONDS)
            del self.loops[name]

    def _loop(self, builder: Builder, policy: Policy) -> WatchedLoop:
        loop = builder.loop(policy, self._owner, partial(self._daemon.wake, policy.fleet))
        return WatchedLoop(loop, self._watch)

    def _before(self) -> Builder:
        if self._builder is None:
            raise RuntimeError("there is nothing to change before the beginning")
        return self._builder
