#!/usr/bin/env python3
"""Writes the table in docs/vetoes.md from the rules in controller/decide/rules: `python tools/vetoes_doc.py`."""

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from controller.decide import rules  # noqa: E402
from controller.decide.rule import RuleSpec  # noqa: E402

PLACE = ROOT / "docs" / "vetoes.md"
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


def table() -> str:
    """One line per rule: its id, what it is for, and what it stops."""
    lines = ["| veto | what it is for | stops |", "|---|---|---|"]
    lines += [f"| [`{rule.name}`](#{rule.name}) | {rule.summary} | {stops(rule)} |" for rule in found()]
    return "\n".join(lines) + "\n"


def page(written: str) -> str:
    """The page with its table written anew."""
    head, rest = written.split(BEGIN, 1)
    return head + BEGIN + table() + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    PLACE.write_text(page(PLACE.read_text(encoding="utf-8")), encoding="utf-8")
