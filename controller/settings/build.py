"""From a valid fleet of the file to its frozen Policy."""

from controller.domain.policy import (
    Above,
    AtLeast,
    Below,
    Cause,
    Condition,
    Cooldown,
    Deadlines,
    GlobalLimits,
    Limits,
    Mode,
    Policy,
    StopWhen,
    Threshold,
    Verify,
    Window,
)
from controller.settings.document import sealed
from controller.settings.drift import drifted
from controller.settings.models import DocumentBase, FleetBase, RuleBase
from controller.settings.shape import AGE_CONDITIONS
from controller.settings.sources import pick_source
from controller.settings.specs import Source, Specs
from controller.settings.tampering import tampered

_ORDER = tuple(Mode)


def capped(mode: Mode, cap: Mode) -> Mode:
    """The lower of the two: observe < ask < act."""
    return min(mode, cap, key=_ORDER.index)


def global_limits(document: DocumentBase) -> GlobalLimits:
    """The budgets over all fleets."""
    return GlobalLimits(document.limits.replacements_per_hour, document.limits.stop_after_failures)


def build_policy(
    name: str, fleet: FleetBase, document: DocumentBase, specs: Specs, sources: dict[str, Source]
) -> Policy:
    """The policy of a fleet that has no problems any more, its defaults merged in."""
    platform = next(key for key in specs.platforms if key in fleet.model_fields_set)
    limits, stop, verify, deadlines = fleet.limits, fleet.stop_when, fleet.verify, fleet.deadlines
    policy = Policy(
        fleet=name,
        platform=platform,
        mode=capped(fleet.mode or document.mode, document.max_mode),
        platform_options=getattr(fleet, platform),
        conditions=_conditions(fleet, specs, sources),
        guards=tuple(_degraded(rule, specs, sources) for rule in fleet.hold_while),
        limits=Limits(limits.max_in_flight, limits.replacements_per_hour, limits.capacity_floor),
        windows=tuple(Window(item.cron, item.for_, item.timezone) for item in fleet.windows),
        cooldown=Cooldown(fleet.cooldown.base, fleet.cooldown.cap),
        global_limits=global_limits(document),
        stop_when=StopWhen(stop.degraded_over, stop.tampered_over, stop.blind_over),
        verify=Verify(verify.ready_within, verify.warm_up, verify.bake, verify.deadline),
        deadlines=Deadlines(deadlines.launch, fleet.drain.timeout, deadlines.terminate, deadlines.undo),
        blind_after_seconds=fleet.blind_after,
        warm_up_seconds=fleet.warm_up,
        tick_seconds=document.tick,
        poll_seconds=fleet.poll,
    )
    return sealed(policy)


def _conditions(fleet: FleetBase, specs: Specs, sources: dict[str, Source]) -> tuple[Condition, ...]:
    ages = ((key, probe, getattr(fleet, key)) for key, probe in AGE_CONDITIONS.items())
    aged = [
        Condition(name=key, cause=Cause.AGED, probe=probe, threshold=Above(seconds), unit="s")
        for key, probe, seconds in ages
        if seconds is not None
    ]
    return (
        *aged,
        *drifted(fleet, specs),
        *tampered(fleet, specs),
        *(_degraded(rule, specs, sources) for rule in fleet.degraded_when),
    )


def _degraded(rule: RuleBase, specs: Specs, sources: dict[str, Source]) -> Condition:
    probe = specs.probes[next(key for key in specs.probes if key in rule.model_fields_set)]
    return Condition(
        name=rule.name,
        cause=Cause.DEGRADED,
        probe=probe.name,
        threshold=_threshold(rule, probe.own_threshold(getattr(rule, probe.name))),
        options=getattr(rule, probe.name),
        source=pick_source(rule.source, probe, sources),
        unit=probe.unit,
        for_seconds=rule.for_,
        within_seconds=rule.within or 0.0,
        identity=rule.identity,
        missing=rule.missing,
        history=probe.history,
        urgent=rule.urgent,
        lasting=probe.lasting,
    )


def _threshold(rule: RuleBase, own: Threshold | None) -> Threshold:
    if own is not None:
        return own
    if rule.count is not None:
        return AtLeast(rule.count)
    if rule.above is not None:
        return Above(rule.above)
    assert rule.below is not None  # one of them is there: shape.check_rules
    return Below(rule.below)
