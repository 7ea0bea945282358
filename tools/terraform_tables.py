#!/usr/bin/env python3
"""Writes the tables of inputs and outputs in the READMEs of deploy/terraform: `python tools/terraform_tables.py`."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULE = ROOT / "deploy" / "terraform"
MODULES = (MODULE, MODULE / "modules" / "member-role")
BEGIN, END = "<!-- tables -->\n", "<!-- end of tables -->"

BLOCK = re.compile(r'^(variable|output|resource) "(\w+)"(?: "\w+")? \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def argument(body: str, name: str) -> str:
    """What stands behind `name =` in a block, on one line; empty when it is not said. The file is formatted."""
    found = re.search(rf"^  {name} +=[ ](.*?)(?=^  \w|^$|\Z)", body, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def cell(text: str) -> str:
    """A text that can stand in a table."""
    return text.replace("|", "\\|")


def described(body: str) -> str:
    """The description as a person reads it."""
    return cell(argument(body, "description").removeprefix('"').removesuffix('"').replace('\\"', '"'))


def tables(module: Path) -> str:
    """Inputs and outputs of a module, each in the order of its file; the required inputs first."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(module.glob("*.tf"))]
    blocks = [found for text in texts for found in BLOCK.findall(text)]
    inputs = [(name, body) for kind, name, body in blocks if kind == "variable"]
    inputs.sort(key=lambda one: bool(argument(one[1], "default")))
    lines = ["## Inputs", "", "| name | what it is | type | default |", "|---|---|---|---|"]
    for name, body in inputs:
        default = argument(body, "default")
        shown = f"`{cell(default)}`" if default else "required"
        lines.append(f"| `{name}` | {described(body)} | `{cell(argument(body, 'type'))}` | {shown} |")
    lines += ["", "## Outputs", "", "| name | what it is |", "|---|---|"]
    lines += [f"| `{name}` | {described(body)} |" for kind, name, body in blocks if kind == "output"]
    kinds = sorted({name for kind, name, _ in blocks if kind == "resource"})
    lines += ["", "## Resources", "", ", ".join(f"`{name}`" for name in kinds) + "."]
    return "\n".join(lines) + "\n"


def page(module: Path, written: str) -> str:
    """The README with its tables written anew."""
    head, rest = written.split(BEGIN, 1)
    return head + BEGIN + tables(module) + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    for one in MODULES:
        place = one / "README.md"
        place.write_text(page(one, place.read_text(encoding="utf-8")), encoding="utf-8")
