"""The configuration is read again, at SIGHUP or because it changed, and taken whole or refused whole."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from controller.app.build import Builder, refuse_orphans
from controller.app.configuration import specs
from controller.app.fleets import Change, Fleets
from controller.app.live import Live
from controller.app.tokens import load_balancer, resolve_tokens
from controller.domain.errors import ConfigError, RepaveError
from controller.domain.ports import Journal
from controller.settings import Config, policy_from_document
from controller.web.access import Access
from controller.web.events import Hub

FIXED: dict[str, Callable[[Config], object]] = {
    "state": lambda config: config.state,
    "listen": lambda config: config.listen,
    "lease": lambda config: config.lease_ttl_seconds,
}
"""What a running daemon cannot change."""

log = structlog.get_logger("repave")


class Reloader:
    """Reads the configuration again whenever it is asked to. reread: gives the configuration as it is now; may raise
    ConfigError. on_taken: is called once a new one is in force."""

    def __init__(
        self,
        live: Live,
        builder: Builder,
        fleets: Fleets,
        access: Access,
        hub: Hub,
        reread: Callable[[], Awaitable[Config]],
        on_taken: Callable[[Config], None],
    ) -> None:
        self._live = live
        self._builder = builder
        self._fleets = fleets
        self._access = access
        self._hub = hub
        self._reread = reread
        self._on_taken = on_taken
        self._asked = asyncio.Event()
        self._by_person = False

    def ask(self) -> None:
        """A person asks to read it again soon. Asking again before that changes nothing."""
        self._by_person = True
        self._asked.set()

    def notice(self) -> None:
        """It may have changed: read it again soon. What was said of it already is not said again."""
        self._asked.set()

    async def run(self) -> None:
        """For ever: whenever it was asked."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            by_person, self._by_person = self._by_person, False
            await self.reload(again=by_person)

    async def reload(self, *, again: bool = True) -> bool:
        """Take the configuration as it is now, or say why not and go on with the one that is in force. again: even if
        the same was said of it before."""
        try:
            change = await self._take(await self._reread())
        except RepaveError as error:
            return self._refused(tuple(str(error).splitlines()), again=again)
        except Exception as error:
            if again or not self._live.refusal:
                log.exception("the configuration could not be read again")
            return self._refused((f"{type(error).__name__} while it was taken; the log says more",), again=again)
        config = self._live.config
        log.info(
            "the configuration was read again and is in force",
            config_hash=config.hash,
            config_version=config.version,
            added=list(change.added),
            changed=list(change.changed),
            removed=list(change.removed),
        )
        for warning in config.warnings:
            log.warning(str(warning))
        return True

    async def _take(self, config: Config) -> Change:
        journal = self._builder.journal
        refuse_fixed(self._live.config, config)
        await refuse_orphans(journal, config.fleets)
        await refuse_lost_sources(journal, config)
        tokens = await resolve_tokens(config.tokens, self._builder.clients)
        vouching = load_balancer(config.signed_in, self._builder.clients, self._builder.clock)
        for policy in config.fleets.values():
            await journal.save_policy(policy)

        def in_force() -> None:
            self._live.take(config, self._builder.clock.now())
            self._on_taken(config)
            if self._access.replace(tokens, vouching):
                self._hub.cut_all()

        return await self._fleets.change(replace(self._builder, config=config), in_force)

    def _refused(self, problems: tuple[str, ...], *, again: bool) -> bool:
        said = problems == self._live.refusal and not again
        self._live.refuse(problems, self._builder.clock.now())
        if said:
            return False
        for problem in problems:
            log.error("the configuration is refused", problem=problem)
        in_force = self._live.config
        log.warning(
            "the configuration from before stays in force", config_hash=in_force.hash, config_version=in_force.version
        )
        return False


def refuse_fixed(before: Config, now: Config) -> None:
    """Raises ConfigError when something differs that only a start can change."""
    moved = [key for key, read in FIXED.items() if read(before) != read(now)]
    if moved:
        raise ConfigError(
            "\n".join(f"'{key}' cannot change while the daemon runs: it needs a restart." for key in moved)
        )


async def refuse_lost_sources(journal: Journal, config: Config) -> None:
    """Raises ConfigError when a replacement under way was accepted under a policy that reads a telemetry source which
    is not in the configuration any more: nobody could prove its successor."""
    for replacement in await journal.open_replacements():
        document = await journal.policy_document(replacement.policy_hash)
        if document is None:
            continue
        policy = policy_from_document(document, specs())
        wanted = {condition.source for condition in policy.conditions if condition.source is not None}
        lost = sorted(wanted - config.telemetry.keys())
        if lost:
            raise ConfigError(
                f"the configuration leaves out the telemetry source {lost[0]!r}, which {replacement.id} of "
                f"{replacement.fleet} still reads; put it back until that has ended."
            )
