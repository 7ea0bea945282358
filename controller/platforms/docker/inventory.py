"""The fleet at one moment: what each engine lists, and what of it is asked once for all.

A fleet over several engines is looked at whole or not at all: a container that cannot be seen must never be taken for
one that is gone.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from controller.clients.docker import Engine, Engines
from controller.domain.errors import Gone, Permanent, PlatformError
from controller.domain.model import Group, Image, Instance, Inventory
from controller.domain.ports import Resources
from controller.domain.veto import Veto
from controller.platforms.docker import container
from controller.platforms.docker.cache import FactCache, remember
from controller.platforms.docker.claims import Claims
from controller.platforms.docker.container import Container
from controller.platforms.docker.frontage import Front, Frontage
from controller.platforms.docker.images import Images, Resolved
from controller.platforms.docker.marks import Marks, engine_marks, marks, member_marks
from controller.platforms.docker.options import DockerOptions
from controller.platforms.docker.vetoes import engine_vetoes, member_vetoes

MOST_AT_ONCE = 8
"""Requests that one inventory has in the air."""

ROOM = 1000
"""An engine knows no greatest number of containers."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one engine says of the fleet."""

    group: Group
    instances: tuple[Instance, ...]
    gaps: tuple[str, ...] = ()


class Inventories:
    """Reads the fleet that the options name."""

    def __init__(self, options: DockerOptions, resources: Resources) -> None:
        engines = resources.get(Engines)
        self._options = options
        self._frontage = Frontage(options.load_balancer, resources)
        self._engines = tuple(engines.at(address) for address in options.addresses)
        self._cache, self._claims = resources.get(FactCache), resources.get(Claims)
        self._own = self._claims.join(options)
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def read(self) -> Inventory:
        """Everything that the engines say now. Raises PlatformError when one of them cannot be read."""
        self._own.looked_at = self._cache.clock.now()
        parts = await asyncio.gather(*map(self._part, self._engines))
        self._own.ids = frozenset(one.attributes["container.id"] for part in parts for one in part.instances)
        _refuse_twins(parts)
        names = {part.group.attributes.get("host.name", "") for part in parts}
        return Inventory(
            read_at=self._cache.clock.now(),
            groups=tuple(part.group for part in parts),
            instances=tuple(instance for part in parts for instance in part.instances),
            scope={"host.name": names.pop()} if len(names) == 1 else {},
            gaps=tuple(gap for part in parts for gap in part.gaps),
        )

    async def _part(self, engine: Engine) -> Part:
        try:
            found, info, held = await asyncio.gather(
                engine.read("ContainerList", "/containers/json", all=True),
                engine.read("SystemInfo", "/info"),
                marks(engine),
            )
            everyone = await self._learn(engine, [container.listed(document) for document in found])
            members = [one for one in everyone if self._is_member(one)]
            images = Images(engine, self._options, self._cache)
            launches = await self._launches(images, {one.born.reference for one in members if one.born})
            made_of = await asyncio.gather(*(self._image(images, one) for one in members))
            front = await self._frontage.look(members, self._cache.clock.now())
        except PlatformError as error:
            told = f"the engine {engine.address.url} could not be read: {error}"
            raise type(error)(told, call=error.call, code=error.code) from error
        seen = _Seen(engine.address.url, info.get("Name") or "", everyone, held, launches, front)
        instances = tuple(map(lambda one, image: self._instance(seen, one, image), members, made_of))
        vetoes = (*engine_marks(held), *engine_vetoes(info, members, self._options))
        gaps = [*filter(None, (held.gap, front.gap)), *(answer.gap for answer in launches.values() if answer.gap)]
        gaps += [f"{one.name} could not be inspected" for one in members if one.born is None]
        return Part(_group(seen, members, vetoes), instances, tuple(gaps))

    def _is_member(self, one: Container) -> bool:
        return self._options.selects(one.labels) and one.is_member

    async def _learn(self, engine: Engine, everyone: Sequence[Container]) -> list[Container]:
        """The same with what never changes of those that may be members; without those that have gone meanwhile."""
        learned = await asyncio.gather(
            *(self._born(engine, one) if self._options.selects(one.labels) else _as_is(one) for one in everyone)
        )
        return [one for one in learned if one is not None]

    async def _born(self, engine: Engine, one: Container) -> Container | None:
        key = (engine.address, one.id)
        known = self._cache.born.get(key)
        if known is not None and not self._frontage.looks_closely:
            return replace(one, born=known)
        async with self._room:
            try:
                told = await engine.read("ContainerInspect", f"/containers/{one.id}/json")
            except Gone:
                return None
            except PlatformError:
                return replace(one, born=known)
        return replace(one, born=known or remember(self._cache.born, key, container.born(told)), document=told)

    async def _launches(self, images: Images, references: Iterable[str]) -> Mapping[str, Resolved]:
        wanted = sorted(references)

        async def resolve(reference: str) -> Resolved:
            async with self._room:
                return await images.resolve(reference)

        return dict(zip(wanted, await asyncio.gather(*map(resolve, wanted)), strict=True))

    async def _image(self, images: Images, one: Container) -> Image:
        async with self._room:
            return await images.of(one.image_id, one.born.reference if one.born else "")

    def _instance(self, seen: "_Seen", one: Container, image: Image) -> Instance:
        reference = one.born.reference if one.born else ""
        launch = seen.launches.get(reference)
        names = (one.name, one.id, one.born.hostname if one.born else "", *one.addresses)
        return Instance(
            id=one.short_id,
            group=seen.url,
            zone=seen.host,
            state=one.instance_state,
            image=image,
            launched_at=(one.born.created_at if one.born else None) or one.created_at,
            healthy=one.healthy,
            targets=seen.front.targets(one),
            names=tuple(dict.fromkeys(name for name in names if name and name != one.short_id)),
            vetoes=(
                *member_vetoes(one, seen.everyone, self._options),
                *member_marks(one, seen.held),
                *seen.front.vetoes(one),
                *self._claims.vetoes(self._own, seen.url, one),
            ),
            attributes=_attributes(seen, one, reference),
            launch_image=launch.image if launch else None,
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What holds for all members on one engine. everyone: all its containers."""

    url: str
    host: str
    everyone: Sequence[Container]
    held: Marks
    launches: Mapping[str, Resolved]
    front: Front


def _refuse_twins(parts: Sequence[Part]) -> None:
    """Raises Permanent when two addresses are those of one engine: each container would be counted twice."""
    seen: dict[str, str] = {}
    for part in parts:
        for one in part.instances:
            other = seen.setdefault(one.id, part.group.name)
            if other != part.group.name:
                message = f"{other} and {part.group.name} are one engine: both have {one.name}"
                raise Permanent(message, call="docker.ContainerList", code="one_engine_twice")


async def _as_is(one: Container) -> Container:
    return one


def _group(seen: _Seen, members: Sequence[Container], vetoes: tuple[Veto, ...]) -> Group:
    """Its launch image is told where it is the same for all members; each of them knows its own. A launch lands where
    its predecessor is (`any_zone`). Desired are all members, our surges too, as with every platform that is asked for
    one more: the rules take the surges off again."""
    desired = len(members)
    images = {answer.image for answer in seen.launches.values()}
    return Group(
        name=seen.url,
        desired=desired,
        minimum=0,
        maximum=desired + ROOM,
        launch_image=images.pop() if len(images) == 1 else None,
        balancers=seen.front.balancers,
        vetoes=vetoes,
        attributes={"any_zone": "true", **({"host.name": seen.host} if seen.host else {})},
    )


def _attributes(seen: _Seen, one: Container, reference: str) -> dict[str, Any]:
    """What is known and not empty; the keys are part of the contract with traces."""
    pairs = {
        "container.id": one.id,
        "container.name": one.name,
        "container.image.name": reference,
        "container.image.id": one.image_id,
        "host.name": seen.host,
        "lifecycle": one.state,
    }
    return {key: value for key, value in pairs.items() if value}
