"""Gathers platform, probes and journal into one Snapshot. What could not be read stays in it, as Unknown."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar, cast

from controller.domain.coverage import Readings
from controller.domain.errors import PlatformError
from controller.domain.laps import lap
from controller.domain.model import Coverage, Declared, Inventory, Signal, Snapshot, Unknown
from controller.domain.policy import Condition, Policy
from controller.domain.ports import Clock, FleetProbe, Journal, Platform, Probe, ProbeRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Process:
    """What is known of the process that looks. own_instances: ids or names of the instances that it runs on or in.

    declared: tells the configuration in force, which may change while a fleet's policy stays the same.
    """

    own_instances: frozenset[str] = frozenset()
    declared: Callable[[], Declared] = Declared


class Observer:
    """The eyes of one fleet.

    probes: one reader per condition and guard of the policy, by name. probe_timeout_seconds: after it a probe's answer
    is Unknown for the whole fleet; the other probes are not held up.
    """

    def __init__(
        self,
        policy: Policy,
        platform: Platform,
        probes: Mapping[str, Probe],
        journal: Journal,
        clock: Clock,
        probe_timeout_seconds: float = 20.0,
        process: Process = Process(),
    ) -> None:
        self._policy = policy
        self._platform = platform
        self._probes = probes
        self._journal = journal
        self._clock = clock
        self._probe_timeout_seconds = probe_timeout_seconds
        self._process = process

    async def snapshot(self, since: datetime | None = None) -> Snapshot:
        """Everything that is known now; with `since`, sources with history tell all from then on.

        The journal is read before the platform: a replacement that ends in between is still seen as open beside its
        instances, never as done beside an instance that it has already ended.

        Raises PlatformError when the platform itself cannot be read: without an inventory there is nothing to judge.
        Raises JournalUnavailable when the past cannot be read.
        """
        fleet, journal = self._policy.fleet, self._journal
        open_replacements = await journal.open_replacements(fleet)
        seen = await self._seen(since)
        return replace(
            seen,
            memory=await journal.memory(fleet),
            open_replacements=open_replacements,
            holds=await journal.holds(seen.now),
            breakers=await journal.breakers(fleet),
            history=await journal.history(fleet, seen.now),
            requests=await journal.requests(seen.now, fleet),
        )

    async def again(self, last: Snapshot, lost_since: datetime) -> Snapshot:
        """What can be seen now that the journal cannot be reached; what comes from it is still as in the last look.

        Raises PlatformError when the platform itself cannot be read.
        """
        seen = await self._seen()
        return replace(
            seen,
            memory=last.memory,
            open_replacements=last.open_replacements,
            holds=last.holds,
            breakers=last.breakers,
            history=last.history,
            requests=last.requests,
            journal_lost_since=lost_since,
        )

    async def _seen(self, since: datetime | None = None) -> Snapshot:
        """What platform and probes tell, all of them asked as of now."""
        started_at = self._clock.now()
        with lap(self._clock, "inventory"):
            inventory = await self._platform.inventory()
        (signals, coverage), guards = await asyncio.gather(
            self._signals(inventory, started_at, since), self._guards(inventory, started_at)
        )
        return Snapshot(
            fleet=self._policy.fleet,
            now=self._clock.now(),
            inventory=inventory,
            signals=signals,
            observed_from=started_at,
            own_instances=self._process.own_instances,
            declared=self._process.declared(),
            coverage=coverage,
            guards=guards,
        )

    async def _signals(
        self, inventory: Inventory, at: datetime, since: datetime | None
    ) -> tuple[Mapping[tuple[str, str], Signal | Unknown], tuple[Coverage, ...]]:
        present = tuple(member for member in inventory.instances if not member.leaving)
        answers: dict[tuple[str, str], Signal | Unknown] = {}
        async with asyncio.TaskGroup() as group:
            tasks = {
                condition.name: group.create_task(self._read(ProbeRequest(condition, inventory, present, at, since)))
                for condition in self._policy.conditions
            }
        for name, task in tasks.items():
            for member in present:
                answers[(member.id, name)] = task.result().get(member.id, Unknown("the source has no row for it"))
        covered = (_coverage(condition, tasks[condition.name].result()) for condition in self._policy.conditions)
        return answers, tuple(item for item in covered if item is not None)

    async def _guards(self, inventory: Inventory, at: datetime) -> Mapping[str, Signal | Unknown]:
        requests = [ProbeRequest(condition, inventory, inventory.instances, at) for condition in self._policy.guards]
        answers = await asyncio.gather(*(self._read_fleet(request) for request in requests))
        return {request.condition.name: answer for request, answer in zip(requests, answers, strict=True)}

    async def _read_fleet(self, request: ProbeRequest) -> Signal | Unknown:
        probe = cast("FleetProbe", self._probes[request.condition.name])
        return await self._in_time(request.condition, probe.read_fleet(request))

    async def _read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        condition = request.condition
        answer = await self._in_time(condition, self._probes[condition.name].read(request))
        return {member.id: answer for member in request.instances} if isinstance(answer, Unknown) else answer

    async def _in_time(self, condition: Condition, reading: Awaitable[T]) -> T | Unknown:
        """The answer, or why there is none: a probe that fails blinds its own condition, not the fleet."""
        try:
            async with asyncio.timeout(self._probe_timeout_seconds):
                with lap(self._clock, "probe", rule=condition.name, probe=condition.probe):
                    return await reading
        except TimeoutError:
            return Unknown(f"{condition.probe} did not answer within {self._probe_timeout_seconds:g} s")
        except PlatformError as error:
            return Unknown(f"{condition.probe} could not be read: {error}")
        except Exception as error:  # noqa: BLE001 - whatever a probe may raise
            return Unknown(f"{condition.probe} is broken: {type(error).__name__}: {error}")


def _coverage(condition: Condition, answers: Mapping[str, Signal | Unknown]) -> Coverage | None:
    """How far a source's rows are the fleet's; None where no source is read."""
    if condition.source is None:
        return None
    if isinstance(answers, Readings):
        return answers.coverage(condition.name, condition.source)
    return Coverage(condition.name, condition.source, resolved=0, of=len(answers))
