"""Telemetry sources: named, of a kind that some probe asks for."""

from collections.abc import Mapping

from controller.domain.policy import Policy
from controller.domain.ports import ProbeSpec
from controller.settings.located import Located
from controller.settings.problems import Problems, did_you_mean, listed, quoted
from controller.settings.specs import Source, Specs
from controller.settings.validate import validate


def read_sources(telemetry: Located, specs: Specs, problems: Problems) -> dict[str, Source]:
    """The sources by name. A source says its `kind`, or its name is its kind."""
    sources: dict[str, Source] = {}
    for name, item in telemetry.mapping.items():
        if not isinstance(item.value, dict):
            problems.add(item.spot, f"{quoted(name)} must be a mapping.")
            continue
        kind = _kind(name, item, specs, problems)
        if kind is not None:
            own = {key: value for key, value in item.mapping.items() if key != "kind"}
            options = validate(specs.sources[kind].options, Located(own, item.at, item.key_at), problems, quoted(name))
            sources[name] = Source(name, kind, options)
    return sources


def _kind(name: str, item: Located, specs: Specs, problems: Problems) -> str | None:
    declared = item.mapping.get("kind")
    kind = declared.value if declared else name
    at = declared.spot if declared else item.spot
    if not isinstance(kind, str):
        problems.add(at, "'kind' must be text.")
    elif kind not in specs.sources:
        near = did_you_mean(kind, specs.sources)
        known = listed(specs.sources)
        problems.add(at, f"unknown kind of telemetry source {quoted(kind)}; known kinds: {known}.{near}")
    else:
        return kind
    return None


def check_conditions(policy: Policy, fleet: Located, specs: Specs, problems: Problems) -> None:
    """Note what the probes themselves find wrong with a fleet's rules. fleet: where it stands, defaults merged in."""
    for key, declared in (("degraded_when", policy.conditions), ("hold_while", policy.guards)):
        rules, by_name = fleet.find((key,)), {condition.name: condition for condition in declared}
        for rule in rules.value if isinstance(rules.value, list) else ():
            condition = by_name[rule.mapping["name"].value]
            check = specs.probes[condition.probe].check
            flaw = check(condition) if check else None
            if flaw is not None:
                problems.add(rule.find((flaw.key,)).spot, f"rule {quoted(condition.name)}: {flaw.message}")


def pick_source(named: str | None, probe: ProbeSpec, sources: Mapping[str, Source]) -> str | None:
    """The name of the source that a rule reads: the one it names, the one called like its kind, or the only one."""
    kind = probe.source.name if probe.source else None
    of_kind = [source.name for source in sources.values() if source.kind == kind]
    if named is not None or not of_kind:
        return named
    return kind if kind in of_kind else of_kind[0]


def source_problem(named: object, probe: ProbeSpec, sources: Mapping[str, Source]) -> str | None:
    """What is wrong with the `source` of a rule (None: it names none), if anything is."""
    if probe.source is None:
        return None if named is None else f"{quoted(probe.name)} reads no telemetry source; leave 'source' out."
    kind = probe.source.name
    of_kind = [source.name for source in sources.values() if source.kind == kind]
    if not of_kind:
        return f"{quoted(probe.name)} needs a source of kind {quoted(kind)} under 'telemetry'."
    if named is None and len(of_kind) > 1 and kind not in of_kind:
        return f"{quoted(probe.name)} has several sources; say which: 'source' is one of {listed(of_kind)}."
    if isinstance(named, str) and named not in of_kind:
        return f"there is no source {quoted(named)} of kind {quoted(kind)}.{did_you_mean(named, of_kind)}"
    return None
