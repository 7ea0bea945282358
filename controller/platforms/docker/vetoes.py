"""Why a container, or a whole engine, has to be left alone, as far as the engine itself says so. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.domain.model import InstanceState
from controller.domain.veto import Needs, Veto
from controller.platforms.docker.container import Container
from controller.platforms.docker.names import PROTECTED, STATEFUL, short_id
from controller.platforms.docker.options import DockerOptions

ORCHESTRATORS = {
    "com.docker.swarm.task.id": "a Swarm service",
    "io.kubernetes.pod.name": "Kubernetes",
    "io.kubernetes.pod.uid": "Kubernetes",
    "com.amazonaws.ecs.task-arn": "Amazon ECS",
    "com.hashicorp.nomad.alloc_id": "Nomad",
    "io.balena.supervised": "balena's supervisor",
}
"""Labels by which other controllers mark what they run, and would run again. A label of Compose is none of these:
Compose acts when a person asks it to."""

COMPOSE_PROJECT, COMPOSE_SERVICE = "com.docker.compose.project", "com.docker.compose.service"
COMPOSE_ONE_OFF = "com.docker.compose.oneoff"
_RECREATED = re.compile(r"[0-9a-f]{12}_.+")
"""While Compose recreates a container, the new one (or the old) bears the old one's id before its name."""

MOST_TOLD = 3


def member_vetoes(member: Container, everyone: Sequence[Container], options: DockerOptions) -> tuple[Veto, ...]:
    """Why this container has to be left alone. everyone: all containers of its engine, members or not."""
    return (
        *_aside(member),
        *_elsewhere(member),
        *_in_the_middle(member, everyone),
        *_stateful(member, options),
        *_exclusive(member, everyone, options),
    )


def engine_vetoes(info: Mapping[str, Any], members: Sequence[Container], options: DockerOptions) -> Iterator[Veto]:
    """Why nothing on this engine may be replaced now."""
    system = info.get("OSType") or "linux"
    if system != "linux":
        reason = f"{info.get('Name')} runs {system} containers: only Linux containers are supported"
        yield Veto("unsupported_group", reason, Needs.PERSON)
    ports = options.port_range
    if ports is None or not any(_fixed_ports(member) for member in members):
        return
    free = set(ports) - {port for member in members for port in member.ports}
    if not free:
        reason = f"all of the {len(ports)} ports {options.ports} are taken on {info.get('Name')}"
        yield Veto("no_capacity", reason, Needs.PERSON)


def said(label: str, subject: str, value: str) -> str:
    """What a person said by a label or a volume, in words."""
    return f"{subject} bears the label {label}" + (f": {value}" if value else "")


def _aside(member: Container) -> Iterator[Veto]:
    name = member.name
    if member.instance_state is InstanceState.TERMINATING:
        yield Veto("platform_replacing", f"{name} is being removed", Needs.WORLD)
    if member.instance_state is InstanceState.STANDBY:
        yield Veto("protected", f"{name} was paused", Needs.PERSON)
    if PROTECTED in member.labels:
        yield Veto("protected", said(PROTECTED, name, member.labels[PROTECTED]), Needs.PERSON)


def _elsewhere(member: Container) -> Iterator[Veto]:
    for label, owner in ORCHESTRATORS.items():
        if label in member.labels:
            yield Veto("managed_elsewhere", f"{member.name} belongs to {owner} (label {label})", Needs.PERSON)
            return
    if member.labels.get(COMPOSE_ONE_OFF, "").lower() == "true":
        yield Veto("managed_elsewhere", f"{member.name} is a one-off of `docker compose run`", Needs.PERSON)


def _in_the_middle(member: Container, everyone: Sequence[Container]) -> Iterator[Veto]:
    if member.born is None:
        yield Veto("platform_busy", f"{member.name} could not be inspected", Needs.WORLD)
    service = _compose_service(member)
    if service and any(_RECREATED.fullmatch(one.name) and _compose_service(one) == service for one in everyone):
        yield Veto("platform_busy", f"Compose is recreating {'/'.join(service)}", Needs.WORLD)


def _compose_service(container: Container) -> tuple[str, ...]:
    found = (container.labels.get(label, "") for label in (COMPOSE_PROJECT, COMPOSE_SERVICE))
    return tuple(filter(None, found))


def _stateful(member: Container, options: DockerOptions) -> Iterator[Veto]:
    if STATEFUL in member.labels:
        yield Veto("stateful", said(STATEFUL, member.name, member.labels[STATEFUL]), Needs.PERSON)
        return
    kept = [_mount(mount) for mount in member.mounts if _keeps_data(mount)]
    if kept and options.volumes != "shared":
        reason = f"{member.name} writes to {_some(kept)}; `volumes: shared` lets its successor do so beside it"
        yield Veto("stateful", reason, Needs.PERSON)


def _keeps_data(mount: Mapping[str, Any]) -> bool:
    """A writable volume or directory of the host; a socket keeps nothing."""
    if not mount.get("RW") or mount.get("Type") not in ("volume", "bind"):
        return False
    return not str(mount.get("Source")).endswith(".sock")


def _mount(mount: Mapping[str, Any]) -> str:
    name = str(mount.get("Name") or "")
    if mount.get("Type") == "bind":
        what = f"{mount.get('Source')} of the host"
    else:
        what = f"an anonymous volume ({short_id(name)})" if re.fullmatch(r"[0-9a-f]{64}", name) else f"volume {name}"
    return f"{what} at {mount.get('Destination')}"


def _exclusive(member: Container, everyone: Sequence[Container], options: DockerOptions) -> Iterator[Veto]:
    """At most one veto, with all that two of a kind cannot have at the same time."""
    reasons = [*_claims(member, options), *_lends(member, everyone)]
    if reasons:
        yield Veto("exclusive", f"{member.name} {', and '.join(reasons)}", Needs.PERSON)


def _claims(member: Container, options: DockerOptions) -> Iterator[str]:
    static = [address for network in member.networks.values() for address in _asked_for(network)]
    if static:
        yield f"has the fixed address {_some(static)}"
    birth = member.born
    if birth is None:
        return
    if birth.mac_address:
        yield f"has the fixed hardware address {birth.mac_address}"
    if birth.auto_remove:
        yield "is removed as soon as it stops (--rm)"
    if birth.published and options.port_range is None:
        yield f"publishes the fixed port {_some(birth.published)}; `ports: LOW-HIGH` lets its successor take another"
    if birth.shares:
        yield f"lives in the {_some(birth.shares)}"


def _asked_for(network: Mapping[str, Any]) -> Iterator[str]:
    wanted = network.get("IPAMConfig") or {}
    return (wanted[key] for key in ("IPv4Address", "IPv6Address") if wanted.get(key))


def _lends(member: Container, everyone: Sequence[Container]) -> Iterator[str]:
    modes = (f"container:{member.id}", f"container:{member.name}")
    guests = [one.name for one in everyone if one.network_mode in modes]
    if guests:
        yield f"lends its network to {_some(guests)}"


def _fixed_ports(member: Container) -> tuple[str, ...]:
    return member.born.published if member.born else ()


def _some(things: Sequence[str]) -> str:
    more = f" and {len(things) - MOST_TOLD} more" if len(things) > MOST_TOLD else ""
    return ", ".join(things[:MOST_TOLD]) + more
