"""A fleet's `tampered_when`: the words of its platform, alone or with options, each a condition that a probe of the
same name reads. What it finds is `tampered`, the worst that can be said of an instance.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, create_model

from controller.domain.policy import Cause, Condition, Policy
from controller.domain.ports import PlatformSpec
from controller.settings.located import Located
from controller.settings.models import FleetBase, Section
from controller.settings.problems import Problems, did_you_mean, listed, quoted
from controller.settings.specs import Specs
from controller.settings.values import duration_text, expected

KEY = "tampered_when"


class Tampering(Section):
    """One way of being tampered with: a word of the platform's, with options where it needs them."""


def tampering_field(specs: Specs) -> tuple[Any, Any]:
    """The type and default of the key, for a fleet's model: a list of words, or of mappings from one word to options.

    Words are checked by `check_tampering`, which can say where they stand and what they should have been.
    """
    known = sorted({word for platform in specs.platforms.values() for word in platform.tampering} & {*specs.probes})
    own: dict[str, Any] = {
        word: (specs.probes[word].options | None, Field(default=None, description=specs.probes[word].summary))
        for word in known
    }
    model = create_model("Tampering", __base__=Tampering, __doc__=Tampering.__doc__, **own)

    def spelled_out(value: object) -> object:
        if isinstance(value, str):
            return {value: {}} if value in own else {}
        if not isinstance(value, dict):
            raise expected(f"must be a word, alone or with its options: {listed(own)}")
        return {key: item for key, item in value.items() if key in own}

    what = "What makes an instance tampered with; one is enough. Each platform knows its own words."
    item: Any = Annotated[model, BeforeValidator(spelled_out)]
    return (tuple[item, ...], Field(default=(), description=what))


def check_tampering(fleet: Located, platform: PlatformSpec, specs: Specs, problems: Problems) -> None:
    """Note words that the platform does not know, or that are there twice; whatever has the wrong type is skipped."""
    seen: set[str] = set()
    for item in words(fleet):
        word, at = item.value, item.key_at or item.at
        if word not in platform.tampering:
            known = f"It knows {listed(platform.tampering)}." if platform.tampering else "It knows none."
            help_ = did_you_mean(word, platform.tampering) or f" {known}"
            problems.add(at, f"{quoted(platform.name)} cannot tell a tampering of {quoted(word)}.{help_}")
        elif word not in specs.probes:
            problems.add(at, f"{quoted(word)} needs the probe {quoted(word)}, which is not there.")
        elif word in seen:
            problems.add(at, f"{quoted(word)} is there twice.")
        seen.add(word)
    for item in _items(fleet):
        if isinstance(item.value, dict) and len(item.value) != 1:
            problems.add(item.spot, f"an item of {quoted(KEY)} is one word, or one word with its options.")


def words(fleet: Located) -> Iterator[Located]:
    """The words that a fleet lists, alone or as the key of their options, as far as they are words."""
    for item in _items(fleet):
        if isinstance(item.value, str):
            yield item
        for word, options in item.mapping.items():
            yield Located(word, options.key_at or item.at)


def tampered(fleet: FleetBase, specs: Specs) -> Iterator[Condition]:
    """The conditions that the words make; each bears its word as its name."""
    for item in getattr(fleet, KEY, ()):
        for word in item.model_fields_set:
            probe = specs.probes[word]
            options: BaseModel = getattr(item, word) or probe.options()
            if probe.threshold is not None:
                yield Condition(
                    word,
                    Cause.TAMPERED,
                    word,
                    probe.threshold,
                    options=options,
                    unit=probe.unit,
                    history=probe.history,
                    lasting=probe.lasting,
                )


def warn_of_tampering(policy: Policy, fleet: Located, specs: Specs, notes: Problems) -> None:
    """Note what will be found tampered with that is not, and what is unknown for longer than a fleet puts up with."""
    bare = {item.value: item for item in _items(fleet) if isinstance(item.value, str)}
    places = {word.value: word for word in words(fleet)}
    for condition in policy.conditions:
        if condition.cause is not Cause.TAMPERED:
            continue
        probe, place = specs.probes[condition.probe], places[condition.name]
        if condition.name in bare and probe.bare_hint:
            notes.add(place.at, f"{quoted(condition.name)} {probe.bare_hint}")
        if policy.blind_after_seconds <= probe.unsure_seconds:
            patience, unsure = duration_text(policy.blind_after_seconds), duration_text(probe.unsure_seconds)
            short = f"'blind_after' of {patience} is too short for {quoted(condition.name)}"
            what = f"{short}: it is unknown for up to {unsure} with nothing wrong."
            notes.add(fleet.find(("blind_after",)).spot, what)


def _items(fleet: Located) -> list[Located]:
    found = fleet.mapping.get(KEY)
    return found.value if found and isinstance(found.value, list) else []
