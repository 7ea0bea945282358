"""The tools that write deploy/iam, and the policies themselves, for the tests."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "iam"

PATIENCE_SECONDS = 230
"""For a tool that takes ten seconds of a processor: on a busy machine that has been minutes."""


def tool(name: str = "iam_policies") -> ModuleType:
    """A module of tools/, imported anew."""
    for one in ("iam_policies", "iam_statements"):
        sys.modules.pop(one, None)
    spec = spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


def policy(name: str) -> list[dict[str, Any]]:
    """The statements of deploy/iam/NAME.json, placeholders and all."""
    document = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return list(document["Statement"])


def actions(name: str) -> set[str]:
    """What a policy allows."""
    return {action for one in policy(name) for action in one["Action"]}
