"""Reads a Terraform provider's schema out of the TypeScript bindings that cdktf generates from it.

For each resource type, `index.js` has the names, kinds and types of its arguments (in `synthesizeHclAttributes` and in
the `...ToHclTerraform` functions of its blocks), and `index.d.ts` says which are required, and what can only be read.
What the bindings do not tell is left open: defaults, values that are allowed, and whether the provider fills in an
optional argument that is not given (assumed of FILLED_IN alone).
"""

import re
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
"""{"attributes": {name: {"type": ..., "required" | "optional" | "computed": True}}, "blocks": {name: {...}}}; types as
Terraform writes them in JSON."""

FILLED_IN = {"arn", "id", "name", "name_prefix", "region", "tags_all"}

STORED: dict[str, Any] = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "stringList": ["list", "string"],
    "numberList": ["list", "number"],
    "booleanList": ["list", "bool"],
    "stringMap": ["map", "string"],
    "numberMap": ["map", "number"],
    "booleanMap": ["map", "bool"],
    "anyMap": ["map", "dynamic"],
    "stringListList": ["list", ["list", "string"]],
    "stringListMap": ["map", ["list", "string"]],
    "stringMapList": ["list", ["map", "string"]],
}
READ: dict[str, Any] = {
    "string": "string",
    "number": "number",
    "cdktf.IResolvable": "bool",
    "string[]": ["list", "string"],
    "number[]": ["list", "number"],
    "cdktf.StringMap": ["map", "string"],
}
ARGUMENT = re.compile(
    r"\n\s{8,12}(?P<name>[a-z0-9_]+): \{\s*value: (?P<value>.*?),\s*isBlock: (?P<block>true|false),"
    r'\s*type: "(?P<kind>\w+)",\s*storageClassType: "(?P<stored>\w+)"',
    re.DOTALL,
)
INTERFACE = re.compile(r"export interface (\w+)[^{]*\{(.*?)\n\}", re.DOTALL)
FIELD = re.compile(r"readonly (\w+)(\??): ")
CONFIG = re.compile(
    r"export interface (\w+Config) extends cdktf\.TerraformMetaArguments|export interface (\w+ProviderConfig)"
)
CLASS = re.compile(
    r"export declare class \w+ extends cdktf\.Terraform(?:Resource|DataSource|Provider) \{(.*)", re.DOTALL
)
GETTER = re.compile(r"get (\w+)\(\): ([^;]+);")


@dataclass(frozen=True)
class Binding:
    """The two files of one resource type, data source or provider."""

    javascript: str
    declarations: str

    def required(self) -> dict[str, set[str]]:
        """Of each interface, the arguments without which it is not whole, in camel case."""
        return {
            name: {field for field, optional in FIELD.findall(body) if not optional}
            for name, body in INTERFACE.findall(self.declarations)
        }

    def schema(self) -> Block:
        """The whole schema: arguments, blocks, and what can only be read."""
        config = CONFIG.search(self.declarations)
        if config is None:
            raise ValueError("no ...Config interface: these bindings are not what cdktf 0.21 generates")
        body = self.javascript.split("synthesizeHclAttributes() {")[-1]
        schema = self._block(config[1] or config[2], body, self.required())
        self._add_readable(schema)
        return schema

    def _block(self, interface: str, body: str, required: dict[str, set[str]]) -> Block:
        attributes: dict[str, Any] = {}
        blocks: dict[str, Any] = {}
        for found in ARGUMENT.finditer(body):
            name = found["name"]
            needed = camel(name) in required.get(interface, set())
            if found["block"] == "true":
                blocks[name] = self._nested(found["value"], found["kind"], needed, required)
            else:
                attributes[name] = {"type": type_of(found["kind"], found["stored"]), **presence(name, needed)}
        return {"attributes": attributes, "blocks": blocks}

    def _nested(self, value: str, kind: str, needed: bool, required: dict[str, set[str]]) -> Block:
        function = re.search(r"(\w+)ToHclTerraform", value)
        assert function is not None, value
        interface = function[1][0].upper() + function[1][1:]
        body = re.search(rf"function {function[1]}ToHclTerraform\(struct\) \{{(.*?)\n\}}", self.javascript, re.DOTALL)
        nesting = "single" if kind == "struct" else kind
        at_most_one = "listMapperHcl" not in value and nesting != "single"
        return {
            "nesting": nesting,
            "min": int(needed and nesting != "single"),
            "max": int(at_most_one),
            "block": self._block(interface, body[1] if body else "", required),
        }

    def _add_readable(self, schema: Block) -> None:
        members = CLASS.search(self.declarations)
        for name, type_ in GETTER.findall(members[1] if members else ""):
            key = snake(name)
            if not name.endswith("Input") and key not in schema["attributes"] and key not in schema["blocks"]:
                schema["attributes"][key] = {"type": READ.get(type_.strip(), "dynamic"), "computed": True}


def presence(name: str, needed: bool) -> dict[str, bool]:
    """Whether an argument has to be given, may be, or is filled in when it is not."""
    if needed:
        return {"required": True}
    return {"optional": True, "computed": True} if name in FILLED_IN else {"optional": True}


def type_of(kind: str, stored: str) -> Any:
    """Terraform's type: the bindings store a set as a list and say apart that it is one."""
    type_ = STORED.get(stored, "dynamic")
    return ["set", type_[1]] if kind == "set" and isinstance(type_, list) else type_


def camel(name: str) -> str:
    """`desired_count` -> `desiredCount`."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def snake(name: str) -> str:
    """`desiredCount` -> `desired_count`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found[1].lower(), name)
