"""Builds everything that a configuration speaks of. Here, and only here, the core meets the adapters."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from controller.act.share import Alone, Share
from controller.act.site import Site
from controller.act.tenure import Tenure
from controller.app import plugins
from controller.app.clients import SharedClients
from controller.app.configuration import specs
from controller.app.own_host import own_instances
from controller.domain.errors import ConfigError
from controller.domain.model import Declared
from controller.domain.policy import Condition, Policy
from controller.domain.ports import Clock, Journal, Probe, Resources
from controller.loop import FleetLoop
from controller.observe import Observer, Process
from controller.settings import Config, Source, policy_from_document


@asynccontextmanager
async def shared_clients(clock: Clock) -> AsyncIterator[SharedClients]:
    """Clients for whatever is built within the context."""
    clients = SharedClients(clock)
    try:
        yield clients
    finally:
        await clients.aclose()


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes sites and loops for the fleets of one configuration. own_instances: where this process runs.

    in_force: tells the configuration in force; what goes on undisturbed at a reload learns of the new one by it.
    share: which fleets are this daemon's, where there are several.
    """

    config: Config
    clock: Clock
    clients: Resources
    journal: Journal
    share: Share = field(default_factory=Alone)
    own_instances: frozenset[str] = field(default_factory=lambda: own_instances(os.environ))
    in_force: Callable[[], Declared] = Declared

    def site(self, policy: Policy) -> Site:
        """A fleet as this policy sees it."""
        platform = plugins.platforms()[policy.platform].build(policy.platform_options, self.clients)
        declared = (*policy.conditions, *policy.guards)
        probes = {condition.name: self._probe(condition, policy) for condition in declared}
        process = Process(self.own_instances, self.in_force)
        observer = Observer(policy, platform, probes, self.journal, self.clock, process=process)
        return Site(policy, platform, observer)

    def loop(self, policy: Policy, owner: str, wake: Callable[[], None]) -> FleetLoop:
        """The loop of one fleet, under the lease of `owner`."""
        ttl_seconds = self.config.lease_ttl_seconds
        tenure = Tenure(policy.fleet, owner, ttl_seconds, self.journal, self.clock, self.share)
        return FleetLoop(self.site(policy), self.past_sites(), plugins.rules(), self.journal, tenure, self.clock, wake)

    def past_sites(self) -> "PastSites":
        """The sites of older policies, read with this configuration's telemetry sources."""
        return PastSites(self)

    def _probe(self, condition: Condition, policy: Policy) -> Probe:
        source = self.config.telemetry.get(condition.source) if condition.source else None
        return plugins.probes()[condition.probe].build(_options(source), policy.platform_options, self.clients)


class PastSites:
    """`act.site.Sites`: the sites of policies that replacements were accepted under, rebuilt from the journal."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._sites: dict[str, Site] = {}

    async def __call__(self, policy_hash: str) -> Site | None:
        """The site of that policy; None when the journal does not know it."""
        if policy_hash not in self._sites:
            document = await self._builder.journal.policy_document(policy_hash)
            if document is None:
                return None
            self._sites[policy_hash] = self._builder.site(policy_from_document(document, specs()))
        return self._sites[policy_hash]


def _options(source: Source | None) -> object:
    return source.options if source else None


async def refuse_orphans(journal: Journal, fleets: Mapping[str, Policy]) -> None:
    """Raises ConfigError when a fleet with replacements under way is not in the configuration any more: nobody would
    bring them to their end."""
    orphans: dict[str, list[str]] = {}
    for replacement in await journal.open_replacements():
        if replacement.fleet not in fleets:
            orphans.setdefault(replacement.fleet, []).append(replacement.id)
    if orphans:
        named = "; ".join(f"{fleet} ({', '.join(ids)})" for fleet, ids in orphans.items())
        raise ConfigError(
            f"the configuration leaves out fleets with replacements under way: {named}; "
            "put them back until these have ended"
        )
