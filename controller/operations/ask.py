"""`plan` and `why`: look at the fleets as the daemon would, decide, and change nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from controller.act.site import Site
from controller.decide.breakers import changes
from controller.decide.explain import explain, isoformat
from controller.decide.judge import judge
from controller.decide.plan import plan as plan_of
from controller.decide.rule import RuleSpec
from controller.domain.errors import RepaveError
from controller.domain.ports import Clock
from controller.operations import named
from controller.operations.nearest import not_found

ASIDE = frozenset({"observe_mode", "awaiting_approval"})
"""Vetoes that say nothing about whether a replacement is wanted."""


async def plan(sites: Sequence[Site], rules: Sequence[RuleSpec], mode: str, clock: Clock) -> dict[str, Any]:
    """The document of `repave plan --json`: every fleet with every instance.

    A fleet that could not be looked at is left out and stands under `errors` with a sentence.
    """
    looks = await asyncio.gather(*(_look(site, rules) for site in sites))
    pairs = list(zip(sites, looks, strict=True))
    return {
        "generated_at": isoformat(clock.now()),
        "mode": mode,
        "fleets": [look for look in looks if isinstance(look, dict)],
        "errors": [{"fleet": site.policy.fleet, "error": look} for site, look in pairs if isinstance(look, str)],
    }


async def why(
    sites: Sequence[Site], rules: Sequence[RuleSpec], instance_id: str, mode: str, clock: Clock
) -> dict[str, Any]:
    """The document of `repave why --json`: one instance, and what holds for its whole fleet. instance_id: or a name of
    it, or the beginning of a container's.

    Raises NotFound when no fleet has it, naming the nearest ids, and RepaveError when a fleet that could not be looked
    at may have it.
    """
    return instance_of(await plan(sites, rules, mode, clock), instance_id)


def instance_of(document: Mapping[str, Any], said: str) -> dict[str, Any]:
    """The document of `why --json` out of that of `plan --json`. Raises as `why` does."""
    members = [item for fleet in document["fleets"] for item in fleet["instances"]]
    instance_id = named.instance_id(said, members)
    for fleet in document["fleets"]:
        for instance in fleet["instances"]:
            if instance["id"] == instance_id:
                about = {key: value for key, value in fleet.items() if key not in ("name", "instances")}
                return {
                    "generated_at": document["generated_at"],
                    "fleet": fleet["name"],
                    **about,
                    "instance": instance,
                }
    if document["errors"]:
        failed = "; ".join(f"{item['fleet']}: {item['error']}" for item in document["errors"])
        raise RepaveError(f"{said} was not found, but not every fleet could be looked at: {failed}")
    raise not_found("instance", said, named.known_by(members))


def wanted(document: Mapping[str, Any]) -> list[str]:
    """The instances of a plan that are to be replaced, now or as soon as the mode or a person allows it."""
    return [item["id"] for fleet in document["fleets"] for item in fleet["instances"] if _is_wanted(item)]


def _is_wanted(instance: Mapping[str, Any]) -> bool:
    if instance["decision"] == "hold":
        return {veto["rule"] for veto in instance["vetoes"]} <= ASIDE
    return bool(instance["decision"] == "replace")


async def _look(site: Site, rules: Sequence[RuleSpec]) -> dict[str, Any] | str:
    """One fleet's part, or why it cannot be told."""
    try:
        snapshot = await site.observer.snapshot()
    except RepaveError as error:
        return str(error)
    judgement = judge(snapshot, site.policy)
    snapshot = changes(snapshot, judgement, site.policy).applied(snapshot)
    return explain(snapshot, judgement, plan_of(snapshot, judgement, site.policy, rules), site.policy)
