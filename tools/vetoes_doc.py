#!/usr/bin/env python3
"""Writes the table in docs/vetoes.md from the rules in controller/decide/rules: `python tools/vetoes_doc.py`."""

import ast
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from controller.decide import rules  # noqa: E402
from controller.decide.rule import RuleSpec  # noqa: E402

PLACE = ROOT / "docs" / "vetoes.md"
LINKS = {
    "blind_after": "a-fleet",
    "cooldown": "cooldown-of-a-fleet",
    "global_limits.replacements_per_hour": "limits-over-all-fleets",
    "global_limits.stop_after_failures": "limits-over-all-fleets",
    "limits.capacity_floor": "limits-of-a-fleet",
    "limits.max_in_flight": "limits-of-a-fleet",
    "limits.replacements_per_hour": "limits-of-a-fleet",
    "mode": "a-fleet",
    "stop_when.blind_over": "stop_when-of-a-fleet",
    "stop_when.degraded_over": "stop_when-of-a-fleet",
    "stop_when.tampered_over": "stop_when-of-a-fleet",
    "warm_up": "a-fleet",
    "windows": "windows-of-a-fleet",
}
"""Where each key of the policy that a rule may read is told of."""

BEGIN, END = "<!-- table -->\n", "<!-- end of table -->"


def found() -> list[RuleSpec]:
    """Every rule, by the name of its file."""
    names = sorted(module.name for module in iter_modules(rules.__path__))
    return [import_module(f"{rules.__name__}.{name}").RULE for name in names if not name.startswith("_")]


def stops(rule: RuleSpec) -> str:
    """What one veto of the rule stops."""
    if rule.check_fleet:
        return "the whole fleet"
    return "the drain of one predecessor" if rule.check_open else "one candidate"


def settings(rule: RuleSpec) -> str:
    """Which keys of the configuration the rule goes by: what its file reads of the policy."""
    tree = ast.parse((Path(rules.__path__[0]) / f"{rule.name}.py").read_text(encoding="utf-8"))
    read = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    keys = {path.removeprefix("policy.").removesuffix("_seconds") for path in read if path.startswith("policy.")}
    whole = keys & LINKS.keys()
    return ", ".join(_linked(key) for key in sorted(whole))


def _linked(key: str) -> str:
    words = f"`{key.removeprefix('global_')}`" + (" over all" if key.startswith("global_") else "")
    return f"[{words}](reference/configuration.md#{LINKS[key]})"


def table() -> str:
    """One line per rule: its id, what it is for, what it stops, and by which settings it goes."""
    lines = ["| veto | what it is for | stops | setting |", "|---|---|---|---|"]
    lines += [
        f"| [`{rule.name}`](#{rule.name}) | {rule.summary} | {stops(rule)} | {settings(rule)} |" for rule in found()
    ]
    return "\n".join(lines) + "\n"


def page(written: str) -> str:
    """The page with its table written anew."""
    head, rest = written.split(BEGIN, 1)
    return head + BEGIN + table() + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    PLACE.write_text(page(PLACE.read_text(encoding="utf-8")), encoding="utf-8")
