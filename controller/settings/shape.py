"""What a fleet's keys must be to each other: one platform, one probe per rule, a threshold where one is needed."""

from collections.abc import Collection, Mapping

from pydantic import ValidationError

from controller.domain.policy import Threshold
from controller.domain.ports import ProbeSpec
from controller.settings.drift import check_drift
from controller.settings.drift import words as drifts
from controller.settings.located import Located
from controller.settings.models import FleetBase, RuleBase, keys_of
from controller.settings.problems import Problems, Spot, did_you_mean, listed, quoted
from controller.settings.sources import source_problem
from controller.settings.specs import Source, Specs
from controller.settings.tampering import check_tampering
from controller.settings.tampering import words as tamperings

AGE_CONDITIONS = {"max_image_age": "image_age", "max_age": "instance_age"}
"""Key of a fleet -> the probe that reads it; the key is also the name of the condition that it makes."""

THRESHOLDS = ("above", "below", "count", "within")
"""Keys of a rule that say what counts as a breach."""

ABOUT_INSTANCES = ("identity", "missing", "urgent")
"""Keys of a rule that say nothing about a fleet as a whole."""


def check_fleet(name: str, fleet: Located, specs: Specs, sources: Mapping[str, Source], problems: Problems) -> None:
    """Note what is wrong with the keys of one fleet, its defaults merged in; whatever has the wrong type is skipped."""
    platform = _exactly_one(f"fleet {quoted(name)}", "platform", fleet, specs.platforms, keys_of(FleetBase), problems)
    for key, probe in AGE_CONDITIONS.items():
        if key in fleet.mapping and probe not in specs.probes:
            problems.add(fleet.mapping[key].spot, f"{quoted(key)} needs the probe {quoted(probe)}, which is not there.")
    if platform:
        check_drift(fleet, specs.platforms[platform], specs, problems)
        check_tampering(fleet, specs.platforms[platform], specs, problems)
    check_rules(fleet, specs, sources, problems)


def check_rules(fleet: Located, specs: Specs, sources: Mapping[str, Source], problems: Problems) -> None:
    """Note what is wrong with the keys of the rules of a fleet (or of the defaults)."""
    names: dict[str, Spot] = {}
    taken = {word.value: "the tampering of that name" for word in tamperings(fleet)}
    taken |= {word.value: "the drift of that name" for word in drifts(fleet)}
    taken |= dict.fromkeys(AGE_CONDITIONS, "the key of that name")
    for key in ("degraded_when", "hold_while"):
        rules = fleet.mapping.get(key)
        for rule in rules.value if rules and isinstance(rules.value, list) else []:
            if not isinstance(rule.value, dict):
                continue
            _check_name(rule, taken, names, problems)
            probe = _exactly_one("a rule", "probe", rule, specs.probes, keys_of(RuleBase), problems)
            if probe:
                _check_rule(rule, specs.probes[probe], sources, problems)
            if probe and key == "hold_while":
                _check_guard(rule, specs.probes[probe], specs, problems)


def _check_rule(rule: Located, probe: ProbeSpec, sources: Mapping[str, Source], problems: Problems) -> None:
    _check_threshold(rule, probe, problems)
    named = rule.mapping.get("source")
    wrong = source_problem(named.value if named else None, probe, sources)
    if wrong:
        problems.add(named.spot if named else rule.spot, wrong)


def _check_guard(rule: Located, probe: ProbeSpec, specs: Specs, problems: Problems) -> None:
    """A guard is read for the fleet as a whole."""
    if not probe.fleet_level:
        able = listed(name for name, spec in specs.probes.items() if spec.fleet_level)
        problems.add(rule.spot, f"{quoted(probe.name)} cannot answer for a whole fleet; 'hold_while' takes: {able}.")
    for key in ABOUT_INSTANCES:
        if key in rule.mapping:
            at = rule.mapping[key].key_at or rule.at
            problems.add(at, f"{quoted(key)} is about instances, and 'hold_while' is about the fleet; leave it out.")


def _exactly_one(
    who: str, what: str, where: Located, known: Collection[str], ours: Collection[str], problems: Problems
) -> str | None:
    """The one key of the mapping that names a plug-in; None when it is not one, and that is noted."""
    found = [key for key in where.mapping if key in known]
    if len(found) == 1:
        return found[0]
    if found:
        at = where.mapping[found[1]].key_at or where.at
        problems.add(at, f"{who} has exactly one {what}, and here are {len(found)}: {listed(found)}.")
    elif isinstance(where.value, dict) and not any(
        did_you_mean(key, known) for key in where.mapping if key not in ours
    ):
        problems.add(where.spot, f"{who} needs one {what}: {listed(known)}.")
    return None


def _check_name(rule: Located, taken: Mapping[str, str], names: dict[str, Spot], problems: Problems) -> None:
    name = rule.mapping.get("name")
    if name is None or not isinstance(name.value, str):
        return
    if name.value in taken:
        problems.add(name.spot, f"the name {quoted(name.value)} is taken by {taken[name.value]}.")
    elif name.value in names:
        line = names[name.value].line
        problems.add(name.spot, f"duplicate name {quoted(name.value)}; the first is on line {line}.")
    else:
        names[name.value] = name.spot


def _check_threshold(rule: Located, probe: ProbeSpec, problems: Problems) -> None:
    given = [key for key in THRESHOLDS if key in rule.mapping and rule.mapping[key].value is not None]
    wanted = ("count", "within") if probe.counts else ("above", "below")
    own = _own_threshold(rule, probe, said=bool(given))
    for key in given:
        at = rule.mapping[key].key_at or rule.at
        if own is not None:
            what = f"knows by itself what is bad ({own}); leave {quoted(key)} out."
            problems.add(at, f"{quoted(probe.name)} {what}")
        elif key not in wanted:
            instead = "say 'count' and 'within'" if probe.counts else "say 'above' or 'below'"
            problems.add(at, f"{quoted(probe.name)} {'counts' if probe.counts else 'does not count'}; {instead}.")
    if own is not None or any(key not in wanted for key in given):
        return
    if probe.counts and len(given) < 2:
        problems.add(rule.spot, f"{quoted(probe.name)} counts: it needs 'count' and 'within'.")
    elif not probe.counts and len(given) == 2:
        problems.add(rule.mapping[given[1]].key_at or rule.at, "a rule has 'above' or 'below', not both.")
    elif not given:
        problems.add(rule.spot, f"{quoted(probe.name)} needs a threshold: 'above' or 'below'.")


def _own_threshold(rule: Located, probe: ProbeSpec, *, said: bool) -> Threshold | None:
    """What the probe knows by itself about a rule with these options; of wrong ones, whatever fits what was said."""
    if probe.measures is None:
        return probe.threshold
    try:
        return probe.own_threshold(probe.options.model_validate(rule.mapping[probe.name].plain()))
    except ValidationError:
        return None if said else probe.threshold
