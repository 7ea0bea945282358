"""The models of a fleet and its rules, with a key for each platform and probe that was found."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from pydantic import Field, create_model

from controller.domain.errors import RepaveError
from controller.domain.ports import PlatformSpec, ProbeSpec
from controller.settings.models import FleetBase, RuleBase, keys_of
from controller.settings.specs import Specs
from controller.settings.tampering import tampering_field


@dataclass(frozen=True, slots=True)
class Models:
    """The models of one set of platforms and probes."""

    fleet: type[FleetBase]
    defaults: type[FleetBase]

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, specs: Specs) -> Self:
        """Merge the option models in, each under its key; once for one set, because it takes longer than the rest.

        Raises RepaveError when a spec's options are not frozen, do not forbid unknown keys, or take a key of ours.
        """
        platforms, probes = specs.platforms, specs.probes
        _check(keys_of(FleetBase), {name: spec.options for name, spec in platforms.items()})
        _check(keys_of(RuleBase), {name: spec.options for name, spec in probes.items()})
        _check(("kind",), {name: spec.options for name, spec in specs.sources.items()})
        rule = create_model(
            "Rule",
            __base__=RuleBase,
            __doc__=RuleBase.__doc__,
            **{name: _optional(spec) for name, spec in probes.items()},
        )
        what = "The ways of being degraded; one is enough."
        rules: Any = (tuple[rule, ...], Field(default=(), description=what))
        what = "What has to be well with the fleet as a whole: while one breaches or cannot be read, nothing starts."
        guards: Any = (tuple[rule, ...], Field(default=(), description=what))
        both = {"degraded_when": rules, "tampered_when": tampering_field(specs), "hold_while": guards}
        own = {name: _optional(spec) for name, spec in platforms.items()}
        partial: dict[str, Any] = {
            name: (dict[str, Any], Field(default={}, description=f"What fleets with `{name}` share of it."))
            for name in platforms
        }
        fleet = create_model("Fleet", __base__=FleetBase, __doc__=FleetBase.__doc__, **both, **own)
        defaults = create_model("Defaults", __base__=FleetBase, __doc__=DEFAULTS_DOC, **both, **partial)
        return cls(fleet=fleet, defaults=defaults)


DEFAULTS_DOC = "Anything a fleet may say. Mappings are merged key by key; a fleet's own list replaces the one here."


def _optional(spec: PlatformSpec | ProbeSpec) -> Any:
    return (spec.options, Field(default=None, description=spec.summary))


def _check(taken: Collection[str], models: Mapping[str, type]) -> None:
    for name, model in models.items():
        settings = getattr(model, "model_config", {})
        if settings.get("extra") != "forbid" or not settings.get("frozen"):
            raise RepaveError(f"The options model of {name} must be frozen and forbid unknown keys.")
        if name in taken:
            raise RepaveError(f"{name} is a key of the configuration itself and cannot name a platform or probe.")
