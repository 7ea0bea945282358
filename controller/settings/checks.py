"""What single values cannot show: waits that do not fit together, and declarations that are probably not meant."""

from collections.abc import Mapping

from controller.domain.policy import Above, Cause, Mode, Policy
from controller.settings.feasible import warn_of_the_infeasible
from controller.settings.located import Located, Path
from controller.settings.models import FleetBase
from controller.settings.problems import Problems, quoted
from controller.settings.specs import Specs
from controller.settings.tampering import warn_of_tampering
from controller.settings.values import duration_text
from controller.settings.windows import warn_of_windows

TOTAL_SECONDS = 50 * 60
"""Backends drop spans that are older than an hour when they arrive."""


def check_waits(name: str, fleet: FleetBase, place: Located, problems: Problems) -> None:
    """Note deadlines that are too long together, and a verification that cannot end in time."""
    waits: dict[Path, tuple[str, float]] = {
        ("deadlines", "launch"): ("launch", fleet.deadlines.launch),
        ("verify", "ready_within"): ("ready", fleet.verify.ready_within),
        ("verify", "warm_up"): ("warm-up", fleet.verify.warm_up),
        ("verify", "deadline"): ("verify", fleet.verify.deadline),
        ("drain", "timeout"): ("drain", fleet.drain.timeout),
        ("deadlines", "terminate"): ("terminate", fleet.deadlines.terminate),
    }
    total = sum(seconds for _, seconds in waits.values())
    if total >= TOTAL_SECONDS:
        longest = max(waits, key=lambda path: (_declared(place, path), waits[path][1]))
        parts = ", ".join(f"{label} {duration_text(seconds)}" for label, seconds in waits.values())
        problems.add(
            place.find(longest).spot,
            f"the deadlines of fleet {quoted(name)} add up to {duration_text(total)} ({parts}); they must stay "
            f"below {duration_text(TOTAL_SECONDS)}, because tracing backends drop what is older than an hour.",
        )
    cooldown = fleet.cooldown
    if cooldown.cap < cooldown.base:
        guilty = ("cooldown", "cap" if _declared(place, ("cooldown", "cap")) else "base")
        problems.add(
            place.find(guilty).spot,
            f"the cooldown's cap ({duration_text(cooldown.cap)}) must not be shorter than its base "
            f"({duration_text(cooldown.base)}).",
        )
    bake, deadline = fleet.verify.bake, fleet.verify.deadline
    if bake >= deadline:
        guilty = ("verify", "bake" if _declared(place, ("verify", "bake")) else "deadline")
        problems.add(
            place.find(guilty).spot,
            f"the verify deadline ({duration_text(deadline)}) must be longer than the bake ({duration_text(bake)}).",
        )


def check_twins(policies: Mapping[str, Policy], fleets: Located, specs: Specs, problems: Problems) -> None:
    """Note fleets that declare the very same instances: each instance has one owner."""
    names = list(policies)
    for place, name in enumerate(names):
        own = policies[name]
        for earlier in names[:place]:
            both = _both(own, policies[earlier], specs) if own.platform == policies[earlier].platform else None
            if both is not None:
                at = fleets.find((name, own.platform)).spot
                problems.add(at, f"fleets {quoted(earlier)} and {quoted(name)} declare {both}.")
                break


def _both(one: Policy, other: Policy, specs: Specs) -> str | None:
    """What both claim, in words; None when there is nothing."""
    same, claims = "the same instances", specs.platforms[one.platform].claims
    if claims is None:
        return same if one.platform_options == other.platform_options else None
    shared = set(claims(one.platform_options)) & set(claims(other.platform_options))
    said = sorted(claim for claim in shared if isinstance(claim, str))
    return (said[0] if said and len(said) == len(shared) else same) if shared else None


def warn(policy: Policy, wanted: Mode, fleet: Located, specs: Specs, notes: Problems) -> None:
    """Note what is allowed and probably not meant. wanted: the fleet's mode before the cap."""
    tick = policy.tick_seconds
    if wanted is not policy.mode:
        notes.add(fleet.find(("mode",)).spot, f"mode {wanted} is capped to {policy.mode} by 'max_mode'.")
    if not policy.conditions:
        notes.add(fleet.spot, f"fleet {quoted(policy.fleet)} has no condition: nothing in it is ever found wanting.")
    if policy.verify.bake_seconds < tick:
        bake = duration_text(policy.verify.bake_seconds)
        what = f"the bake of {bake} is shorter than the tick of {duration_text(tick)}."
        notes.add(fleet.find(("verify", "bake")).spot, what)
    if policy.blind_after_seconds < 2 * tick:
        what = f"'blind_after' is shorter than two ticks of {duration_text(tick)}: one unanswered look makes blind."
        notes.add(fleet.find(("blind_after",)).spot, what)
    everywhere = policy.global_limits.replacements_per_hour
    if policy.limits.replacements_per_hour > everywhere:
        what = f"all fleets together may start {everywhere} an hour: this fleet never reaches its own limit."
        notes.add(fleet.find(("limits", "replacements_per_hour")).spot, what)
    _warn_of_churn(policy, fleet, notes)
    warn_of_windows(policy, fleet, notes)
    warn_of_the_infeasible(policy, fleet, specs, notes)
    warn_of_tampering(policy, fleet, specs, notes)
    _warn_of_short_for(policy, fleet, specs, notes)


def _warn_of_churn(policy: Policy, fleet: Located, notes: Problems) -> None:
    """An instance that is too old before it can have been proven is replaced for ever."""
    proven = policy.warm_up_seconds + sum(
        (policy.verify.ready_within_seconds, policy.verify.warm_up_seconds, policy.verify.deadline_seconds)
    )
    oldest = policy.condition("max_age")
    if oldest and isinstance(oldest.threshold, Above) and oldest.threshold.limit < proven:
        what = f"'max_age' is shorter than a newcomer may take to be proven ({duration_text(proven)})."
        notes.add(fleet.find(("max_age",)).spot, what)


def _warn_of_short_for(policy: Policy, fleet: Located, specs: Specs, notes: Problems) -> None:
    """A probe without history gives one reading per tick, and `for` needs three."""
    least = 2 * policy.tick_seconds
    degraded = [condition for condition in policy.conditions if condition.cause is Cause.DEGRADED]
    for place, condition in enumerate(degraded):
        if 0 < condition.for_seconds < least and not specs.probes[condition.probe].history:
            why = f"{quoted(condition.probe)} gives one per tick, so it takes {duration_text(least)}"
            notes.add(fleet.find(("degraded_when", place, "for")).spot, f"'for' needs three readings; {why}.")


def _declared(fleet: Located, path: Path) -> bool:
    return path[-1] in fleet.find(path[:-1]).mapping
