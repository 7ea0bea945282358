"""The keys of a mapping of the configuration, as its JSON Schema tells of them, in words for a table."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.reference.examples import Examples

Schema = Mapping[str, Any]
SHARED = {"Duration": "duration", "Share": "share"}
SECRET = "reference to a secret"
PLAIN = {
    "string": "text",
    "boolean": "`true` or `false`",
    "number": "number",
    "integer": "whole number",
    "null": "nothing",
}


@dataclass(frozen=True)
class Keys:
    """Every mapping that a schema defines. links: from the name of a definition to the place that tells of its keys."""

    schema: Schema
    examples: Examples
    links: Mapping[str, str]

    def of(self, name: str) -> Schema:
        """The definition of a mapping; the whole file for an empty name."""
        found: Schema = self.schema["$defs"][name] if name else self.schema
        return found

    def table(self, name: str, only: tuple[str, ...] | None = None) -> str:
        """One line per key: the key, what it may be, its default, what it means, an example."""
        rows = [row for row in self._rows(name) if only is None or row[0] in only]
        if not rows:
            return "Nothing to choose.\n"
        head = "| key | type | default | meaning | example |\n|---|---|---|---|---|\n"
        return head + "".join(f"| `{key}` | " + " | ".join(_cell(text) for text in row) + " |\n" for key, *row in rows)

    def _rows(self, name: str) -> Iterator[tuple[str, str, str, str, str]]:
        definition = self.of(name)
        required = definition.get("required", ())
        for key, said in definition.get("properties", {}).items():
            default = "**needed**" if key in required else _default(said)
            meaning = said.get("description") or self._summary(said)
            yield key, self.words(said), default, _sentence(meaning), self.examples.of(name, key)

    def words(self, said: Schema) -> str:
        """What a value may be, in a few words."""
        if "$ref" in said:
            return self._referred(said["$ref"].rpartition("/")[2])
        if {"env", "file"} <= said.get("properties", {}).keys():
            return SECRET
        if "anyOf" in said or "oneOf" in said:
            kinds = [self.words(one) for one in said.get("anyOf") or said["oneOf"] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
        if "enum" in said or "const" in said:
            return ", ".join(f"`{one}`" for one in said.get("enum") or [said["const"]])
        return self._typed(said)

    def _typed(self, said: Schema) -> str:
        match said.get("type"):
            case "array":
                items = said.get("items") or (said.get("prefixItems") or [{}])[0]
                return f"list of {self.words(items)}" if items else "list"
            case "object":
                inner = said.get("additionalProperties")
                return f"mapping to {self.words(inner)}" if isinstance(inner, dict) and inner else "mapping"
            case "integer":
                return "whole number" + _bounds(said)
            case [*kinds]:
                return " or ".join(PLAIN.get(kind, "mapping" if kind == "object" else kind) for kind in kinds)
            case kind:
                return PLAIN.get(kind or "", "anything") + _bounds(said)

    def _referred(self, name: str) -> str:
        if name in SHARED:
            return SHARED[name]
        definition = self.of(name)
        if "enum" in definition:
            return ", ".join(f"`{one}`" for one in definition["enum"])
        return f"[mapping]({self.links[name]})" if name in self.links else self._typed(definition)

    def _summary(self, said: Schema) -> str:
        """What is said of a mapping itself, where the key that has it says nothing."""
        return str(self.of(said["$ref"].rpartition("/")[2]).get("description", "")) if "$ref" in said else ""


def _bounds(said: Schema) -> str:
    low, high = said.get("minimum"), said.get("maximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    return f", at least {low}" if low is not None else f", at most {high}" if high is not None else ""


def _default(said: Schema) -> str:
    value = said.get("default")
    return "" if value in (None, {}, []) else f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _sentence(text: str) -> str:
    """As a sentence: descriptions of options are written as parts of one. What begins with a value keeps its case."""
    plain = re.sub(r"\s+", " ", text.strip().partition("\n\n")[0])
    first = plain.partition(" ")[0]
    capital = plain[:1] if "_" in first or first.endswith(":") else plain[:1].upper()
    return f"{capital}{plain[1:]}" + ("" if not plain or plain.endswith((".", "?")) else ".")


def _cell(text: str) -> str:
    """Text that may stand in a table, where a bar outside of code would begin another cell."""
    return text.replace("|", "\\|")
