"""What sends traffic to instances, one kind per file.

Platforms know balancers by what is found here; a new file is enough for another kind.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from controller.domain.errors import RepaveError
from controller.domain.ports import BalancerSpec


@cache
def balancers() -> Mapping[str, BalancerSpec]:
    """Every kind of balancer, by name, in the order of the files' names.

    Raises RepaveError for a public file without a BALANCER of a name of its own: a fault of the program.
    """
    found: dict[str, BalancerSpec] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        if info.name.startswith("_"):
            continue
        spec = getattr(importlib.import_module(f"{__name__}.{info.name}"), "BALANCER", None)
        if not isinstance(spec, BalancerSpec) or spec.name in found:
            raise RepaveError(f"{__name__}.{info.name} must define BALANCER as a BalancerSpec with a name of its own")
        found[spec.name] = spec
    return found


def configurable() -> Mapping[str, BalancerSpec]:
    """Those that a configuration can name, by the key that they have there."""
    return {name: spec for name, spec in balancers().items() if spec.options is not None}
