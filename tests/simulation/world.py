"""A world that answers at the ports: one group with an Auto Scaling group's manners, on virtual time.

It keeps the wire log that tests judge by: what reached it, in order, with the capacity before and after.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from controller.domain.errors import NoCapacity, Transient
from controller.domain.model import Group, Image, Instance, InstanceState, Inventory, Reading, Signal, Target, Unknown
from controller.domain.ports import Clock, Done, ProbeRequest, Progress, Refused, Upkeep, Waiting, Work
from controller.domain.replacement import Replacement
from controller.domain.veto import Needs, Veto

ZONES = ("a", "b", "c")
DAY = timedelta(days=1)


@dataclass
class Member:
    """One instance of the world. silent: names of conditions that get no reading from it."""

    id: str
    zone: str
    image: Image
    launched_at: datetime
    ready_at: datetime
    bad: bool = False
    silent: frozenset[str] = frozenset()
    protected: bool = False
    drained: bool = False
    rots_at: datetime | None = None

    def sick(self, now: datetime) -> bool:
        return self.bad or (self.rots_at is not None and now >= self.rots_at)

    def serving(self, now: datetime) -> bool:
        return now >= self.ready_at and not self.sick(now) and not self.drained


@dataclass(frozen=True)
class Wire:
    """One mutation that took effect, and what served before and after it."""

    at: datetime
    call: str
    instance: str
    serving_before: int
    serving_after: int
    desired_after: int


@dataclass
class World:
    """name: of its one group. first: its first instance's number. boot_seconds: from launch to ready. bad_images:
    whose instances never serve. rotting_images: images whose instances serve at first, and go bad half a minute later.
    stops: what the group's or an instance's own tag says against touching it, by name or id; stops_unread: nobody can
    tell. ears: whoever is told when something changes.
    """

    clock: Clock
    size: int = 6
    headroom: int = 2
    name: str = "web"
    first: int = 1
    boot_seconds: float = 40.0
    latency_seconds: float = 0.5
    bad_images: frozenset[str] = frozenset()
    rotting_images: frozenset[str] = frozenset()
    capacity: int = 1000
    members: dict[str, Member] = field(default_factory=dict)
    wire: list[Wire] = field(default_factory=list)
    launch_image: Image | None = None
    group_vetoes: tuple[Veto, ...] = ()
    stops: dict[str | None, str] = field(default_factory=dict)
    stops_unread: bool = False
    ears: list[Callable[[], None]] = field(default_factory=list)
    before_effect: Callable[[str], Awaitable[None]] | None = None
    after_effect: Callable[[str], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        now = self.clock.now()
        self._ids = count(self.first)
        self.old = Image("image-old", now - 90 * DAY)
        self.launch_image = self.launch_image or Image("image-new", now - 2 * DAY)
        self.launched: list[str] = []
        self.desired = self.size
        for index in range(self.size):
            self._add(ZONES[index % 3], self.launch_image, now - 10 * DAY, now - 9 * DAY)

    def _add(self, zone: str, image: Image, launched_at: datetime, ready_at: datetime) -> Member:
        member = Member(f"i-{next(self._ids):02d}", zone, image, launched_at, ready_at)
        member.bad = image.id in self.bad_images
        member.rots_at = ready_at + timedelta(seconds=30) if image.id in self.rotting_images else None
        self.members[member.id] = member
        return member

    def age(self, *ids: str) -> None:
        for instance_id in ids:
            self.members[instance_id].image = self.old

    def serving(self) -> int:
        return sum(member.serving(self.clock.now()) for member in self.members.values())

    async def _effect(self, call: str, instance: str, change: Callable[[], None]) -> None:
        if self.before_effect:
            await self.before_effect(call)
        before = self.serving()
        change()
        self.wire.append(Wire(self.clock.now(), call, instance, before, self.serving(), self.desired))
        if self.after_effect:
            await self.after_effect(call)

    async def launch(self, zone: str) -> None:
        """Takes a moment, has no token, and answers nothing: who calls twice gets two."""
        await self.clock.sleep(self.latency_seconds)
        if len(self.members) >= min(self.size + self.headroom, self.capacity):
            raise NoCapacity("no room", call="world.Launch", code="InsufficientInstanceCapacity")

        def change() -> None:
            now = self.clock.now()
            assert self.launch_image is not None
            member = self._add(zone, self.launch_image, now, now + timedelta(seconds=self.boot_seconds))
            self.launched.append(member.id)
            self.desired += 1

        await self._effect("launch", zone, change)

    async def drain(self, instance_id: str) -> None:
        await self._effect("drain", instance_id, lambda: setattr(self.members[instance_id], "drained", True))

    async def undrain(self, instance_id: str) -> None:
        await self._effect("undrain", instance_id, lambda: setattr(self.members[instance_id], "drained", False))

    async def terminate(self, instance_id: str) -> None:
        def change() -> None:
            del self.members[instance_id]
            self.desired -= 1

        await self._effect("terminate", instance_id, change)


class WorldPlatform:
    """The Platform port over a World. Whether a launch in doubt happened shows in the members, as with desired + 1."""

    takes_turns = True

    def __init__(self, world: World) -> None:
        self._world = world
        self.errors: list[Exception] = []

    async def inventory(self) -> Inventory:
        if self.errors:
            raise self.errors.pop(0)
        world = self._world
        now = world.clock.now()
        group = Group(
            world.name, world.desired, 0, world.size + world.headroom, world.launch_image, ("lb",), world.group_vetoes
        )
        instances = tuple(self._instance(member, now) for member in world.members.values())
        return Inventory(now, (group,), instances, {"cloud.provider": "simulated"})

    def _instance(self, member: Member, now: datetime) -> Instance:
        state = InstanceState.IN_SERVICE if now >= member.ready_at else InstanceState.PENDING
        word = "draining" if member.drained else "healthy" if member.serving(now) else "initial"
        word = "unhealthy" if member.sick(now) and state is InstanceState.IN_SERVICE and not member.drained else word
        vetoes = (Veto("protected", "an operator protects it", Needs.PERSON),) if member.protected else ()
        return Instance(
            member.id, self._world.name, member.zone, state, member.image, member.launched_at,
            healthy=True, targets=(Target("lb", word),), vetoes=vetoes,
        )  # fmt: skip

    def on_change(self, wake: Callable[[], None]) -> Callable[[], None]:
        self._world.ears.append(wake)
        return partial(self._world.ears.remove, wake)

    async def held(self, replacement: Replacement) -> str | None:
        if self._world.stops_unread:
            raise Transient("the tags could not be read", call="world.Tags", code="timeout")
        subjects = (self._world.name, replacement.predecessor, replacement.successor)
        return next((self._world.stops[subject] for subject in subjects if subject in self._world.stops), None)

    async def launch(self, work: Work) -> Progress:
        state, world = work.replacement, self._world
        newcomer = self._newcomer(work)
        if newcomer is None:
            intent = {"members": sorted(world.members)}
            await work.mutate("world.Launch", intent, lambda: world.launch(state.zone))
            return Waiting("the newcomer has to show itself", 1.0)
        return Done({"successor": newcomer})

    def _newcomer(self, work: Work) -> str | None:
        calls = work.replacement.calls_of("world.Launch")
        known = set(calls[-1].arguments["members"]) | work.claimed if calls else set(self._world.members)
        return next((instance_id for instance_id in self._world.members if instance_id not in known), None)

    async def await_ready(self, work: Work) -> Progress:
        member = self._world.members.get(work.replacement.successor or "")
        if member is None:
            return Refused("the successor is gone", "successor_lost")
        return Done() if member.serving(self._world.clock.now()) else Waiting(f"{member.id} boots")

    async def drain(self, work: Work) -> Progress:
        member = self._world.members[work.replacement.predecessor]
        if not member.drained:
            await work.mutate("world.Drain", {"instance": member.id}, lambda: self._world.drain(member.id))
        return Done()

    async def terminate(self, work: Work) -> Progress:
        victim = work.replacement.predecessor
        if victim in self._world.members:
            await work.mutate("world.Terminate", {"instance": victim}, lambda: self._world.terminate(victim))
        return Done()

    async def undo(self, work: Work) -> Progress:
        state, world = work.replacement, self._world
        drained = world.members.get(state.predecessor)
        restored = any(call.name == "world.Undrain" for call in state.calls)
        if drained is not None and drained.drained:
            restored = True
            await work.mutate("world.Undrain", {"instance": drained.id}, lambda: world.undrain(drained.id))
        successor = state.successor or self._newcomer(work)
        if successor in world.members:
            assert successor is not None
            serving_after = world.serving() - world.members[successor].serving(work.now)
            if serving_after < min(state.facts["serving"], world.desired - 1 - len(work.others)):
                return Waiting("too few would serve without the successor")
            await work.mutate("world.Terminate", {"instance": successor}, lambda: world.terminate(successor))
        return Done({"drain_undone": restored})

    async def upkeep(self, work: Upkeep) -> tuple[str, ...]:
        return ()


class WorldProbe:
    """`errors`: 1 from a bad instance, 0 from the others, nothing from a silent one."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        answers: dict[str, Signal | Unknown] = {}
        for instance in request.instances:
            member = self._world.members.get(instance.id)
            if member is None or request.condition.name in member.silent:
                continue
            value = 1.0 if member.sick(request.at) else 0.0
            answers[instance.id] = Signal((Reading(value, request.at),), "errors by instance")
        return answers


class ImageAge:
    """The age of an instance's image in seconds, from the inventory."""

    async def read(self, request: ProbeRequest) -> Mapping[str, Signal | Unknown]:
        answers: dict[str, Signal | Unknown] = {}
        for instance in request.instances:
            created_at = instance.image.created_at
            if created_at is not None:
                age = (request.at - created_at).total_seconds()
                answers[instance.id] = Signal((Reading(age, request.at),), "inventory", "s")
        return answers
