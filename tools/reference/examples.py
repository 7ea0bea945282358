"""Examples out of config/example.yaml: by the mapping and the key that they stand under."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

LONGEST = 70
"""Characters; a longer one would make its table unreadable."""


class Examples:
    """What the example says, for each key of each mapping that a schema defines."""

    def __init__(self, schema: Mapping[str, Any], text: str) -> None:
        self._definitions: Mapping[str, Any] = schema["$defs"]
        self._found: dict[tuple[str, str], str] = {}
        self._walk("", schema, YAML(typ="safe").load(io.StringIO(text)))

    def of(self, name: str, key: str) -> str:
        """The example as code; empty where there is none that is short enough."""
        return self._found.get((name, key), "")

    def _walk(self, name: str, said: Mapping[str, Any], value: Any) -> None:
        """Take what a value shows of the keys of `name`, and of all below."""
        if "$ref" in said:
            name = said["$ref"].rpartition("/")[2]
            said = self._definitions[name]
        for one in (*said.get("anyOf", ()), *(each for each in said.get("oneOf", ()) if "type" in each)):
            self._walk(name, one, value)
        if isinstance(value, list):
            for item in value:
                self._walk(name, said.get("items", {}), item)
        elif isinstance(value, dict):
            self._mapping(name, said, value)

    def _mapping(self, name: str, said: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        keys = said.get("properties", {})
        for key, below in value.items():
            if key in keys:
                self._take(name, key, below)
                self._walk("", keys[key], below)
            elif isinstance(said.get("additionalProperties"), dict):
                kind = below.get("kind") if isinstance(below, dict) else None
                self._walk("", keys.get(kind, said["additionalProperties"]), below)

    def _take(self, name: str, key: str, value: Any) -> None:
        shown = f"`{key}: {_flow(value)}`"
        if len(shown) <= LONGEST:
            self._found.setdefault((name, key), shown)


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width = True, 1000
    out = io.StringIO()
    yaml.dump(value, out)
    return out.getvalue().removesuffix("...\n").strip()
