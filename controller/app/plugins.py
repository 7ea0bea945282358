"""Finds the plug-ins: every public module of a folder, each under the constant by which its kind is found.

One new file adds a probe or a platform; nothing has to be registered anywhere.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import TypeVar

from controller.decide.rule import RuleSpec
from controller.domain.errors import RepaveError
from controller.domain.ports import PlatformSpec, ProbeSpec, SourceSpec

T = TypeVar("T")


class PluginError(RepaveError):
    """A file in a plug-in folder is no plug-in. It is a fault of the program, not of the configuration."""


@cache
def platforms() -> Mapping[str, PlatformSpec]:
    """Every platform, by the key it has in a fleet's configuration."""
    return found(importlib.import_module("controller.platforms"), "PLATFORM", PlatformSpec)


@cache
def probes() -> Mapping[str, ProbeSpec]:
    """Every probe, by the key it has in a condition."""
    return found(importlib.import_module("probes"), "PROBE", ProbeSpec)


@cache
def sources() -> Mapping[str, SourceSpec]:
    """Every kind of telemetry source that a probe reads, by the key it has under `telemetry:`.

    Raises PluginError when two kinds have one name.
    """
    kinds: dict[str, SourceSpec] = {}
    for probe in probes().values():
        if probe.source is not None and kinds.setdefault(probe.source.name, probe.source) != probe.source:
            raise PluginError(f"the probe {probe.name} reads another kind of source that is called {probe.source.name}")
    return kinds


@cache
def rules() -> tuple[RuleSpec, ...]:
    """Every safety check. All of them are asked, so their order means nothing."""
    return tuple(found(importlib.import_module("controller.decide.rules"), "RULE", RuleSpec).values())


def found(package: ModuleType, constant: str, kind: type[T]) -> Mapping[str, T]:
    """The `constant` of every public module of a package, by its `name`, in the order of the files' names.

    Raises PluginError when a module has no such constant, has one of another type, or takes a name that is taken.
    """
    specs: dict[str, T] = {}
    for module in _modules(package):
        spec = getattr(module, constant, None)
        if not isinstance(spec, kind):
            what = "has none" if spec is None else f"has a {type(spec).__name__}"
            raise PluginError(f"{module.__name__} must define {constant} as a {kind.__name__}; it {what}")
        name = str(getattr(spec, "name", ""))
        if not name or name in specs:
            raise PluginError(f"{module.__name__}: {constant} needs a name of its own, not {name!r}")
        specs[name] = spec
    return specs


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if not info.name.startswith("_"):
            yield importlib.import_module(f"{package.__name__}.{info.name}")
