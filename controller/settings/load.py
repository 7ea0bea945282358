"""The configuration file, read whole: every problem at once, or a Config that cannot be wrong any more."""

import re
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from controller.domain.errors import RepaveError
from controller.domain.policy import Policy
from controller.settings.access import check_listen, signed_in
from controller.settings.build import build_policy, capped, global_limits
from controller.settings.checks import check_twins, check_waits, warn
from controller.settings.document import policy_from_document
from controller.settings.located import Located
from controller.settings.models import DocumentBase, FleetBase
from controller.settings.plugged import Models
from controller.settings.problems import Problems, Spot, quoted
from controller.settings.shape import check_fleet, check_rules
from controller.settings.sources import check_conditions, read_sources
from controller.settings.specs import AccessToken, Config, Source, Specs
from controller.settings.state import StateAddress
from controller.settings.validate import validate
from controller.settings.values import FLEET_NAME_PATTERN
from controller.settings.yaml_text import parse


def text_hash(text: str) -> str:
    """By which people tell one text of a configuration from another: `Config.hash`."""
    return sha256(text.encode()).hexdigest()[:12]


_NOTHING = Located({}, Spot(1, 1))
_STAND_IN = DocumentBase(version=1, fleets={"any": {}})
"""Takes the place of an invalid document, so that its fleets are checked all the same."""


@dataclass(frozen=True, slots=True)
class _Fleet:
    """A fleet without problems in its keys and values. place: where it stands, defaults merged in."""

    place: Located
    model: FleetBase


def load(text: str, name: str, specs: Specs) -> Config:
    """The configuration that `text` declares. name: the file's, for messages.

    Raises ConfigError with one line per problem, `file:line:column: message.`, in the order of the file.
    """
    problems, notes = Problems(name), Problems(name)
    tree = parse(text, problems)
    document = validate(DocumentBase, tree, problems) or _STAND_IN
    sources = read_sources(tree.mapping.get("telemetry", _NOTHING), specs, problems)
    fleets = _fleets(tree, specs, sources, problems)
    policies = {key: build_policy(key, fleet.model, document, specs, sources) for key, fleet in fleets.items()}
    for key, fleet in fleets.items():
        check_conditions(policies[key], fleet.place, specs, problems)
        warn(policies[key], fleet.model.mode or document.mode, fleet.place, specs, notes)
    check_twins(policies, tree.mapping.get("fleets", _NOTHING), specs, problems)
    check_listen(document.listen, document.api, tree, problems)
    load_balancer = signed_in(document.api, tree, problems)
    if isinstance(document.state, StateAddress) and document.state.has_password:
        notes.add(tree.find(("state",)).spot, "'state' holds a password; a reference such as {env: NAME} keeps it out.")
    problems.raise_if_any()
    for policy in policies.values():
        _prove_rebuildable(policy, specs)
    return Config(
        state=document.state,
        listen=document.listen,
        tick_seconds=document.tick,
        reload_every_seconds=document.reload_every,
        lease_ttl_seconds=document.lease.ttl,
        keep_seconds=document.keep,
        mode=capped(document.mode, document.max_mode),
        max_mode=document.max_mode,
        limits=global_limits(document),
        telemetry=MappingProxyType(sources),
        fleets=MappingProxyType(policies),
        warnings=notes.all(),
        tokens=tuple(AccessToken(item.name, item.token, item.may) for item in document.api.tokens),
        signed_in=load_balancer,
        hash=text_hash(text),
        name=name,
        state_at=tree.find(("state",)).spot,
    )


def _fleets(tree: Located, specs: Specs, sources: dict[str, Source], problems: Problems) -> dict[str, _Fleet]:
    """The fleets that have no problems, by name; the problems of all others are noted."""
    models = Models.of(specs)
    defaults = tree.mapping.get("defaults", _NOTHING)
    if defaults.mapping:
        validate(models.defaults, defaults, problems)
        check_rules(defaults, specs, sources, problems)
    found: dict[str, _Fleet] = {}
    for name, declared in tree.mapping.get("fleets", _NOTHING).mapping.items():
        own = problems.another()
        _check_name(name, declared, own)
        place = _merged(defaults, declared, frozenset(specs.platforms))
        check_fleet(name, place, specs, sources, own)
        model = validate(models.fleet, place, own, f"fleet {quoted(name)}")
        if model is not None:
            check_waits(name, model, place, own)
        if model is not None and own.clean:
            found[name] = _Fleet(place, model)
        problems.extend(own)
    return found


def _check_name(name: str, declared: Located, problems: Problems) -> None:
    at = declared.key_at or declared.at
    if name == "all":
        problems.add(at, "a fleet cannot be called 'all': commands use that word for every fleet.")
    elif not re.fullmatch(FLEET_NAME_PATTERN, name):
        what = "letters, digits, '.', '_' and '-', at most 63, beginning with a letter or digit"
        problems.add(at, f"the fleet name {quoted(name)} must be {what}.")


def _merged(defaults: Located, own: Located, only_if_own: frozenset[str] = frozenset()) -> Located:
    """`own`, with what it does not say taken from the defaults. Mappings are merged key by key, all else is replaced.

    only_if_own: keys that are taken over only where `own` has them too (a platform's options).
    """
    if not isinstance(own.value, dict) or not isinstance(defaults.value, dict):
        return own
    merged = {key: value for key, value in defaults.value.items() if key in own.value or key not in only_if_own}
    for key, value in own.value.items():
        merged[key] = _merged(merged[key], value) if key in merged else value
    return Located(merged, own.at, own.key_at)


def _prove_rebuildable(policy: Policy, specs: Specs) -> None:
    """Recovery depends on it, so a plug-in whose options do not survive their own JSON is found at the start."""
    if policy_from_document(policy.document, specs) != policy:
        raise RepaveError(f"The options of fleet {policy.fleet} do not survive being written down as JSON.")
