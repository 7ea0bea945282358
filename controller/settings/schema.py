"""The JSON Schema of the configuration file, for editors; what it cannot say (sums, names), `load` checks."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field, create_model
from pydantic.json_schema import GenerateJsonSchema

from controller.domain.policy import Amount
from controller.settings.address import Listen
from controller.settings.models import DocumentBase, Section
from controller.settings.plugged import Models
from controller.settings.specs import Specs
from controller.settings.state import StateAddress
from controller.settings.values import DURATION_SCHEMA, FLEET_NAME_PATTERN, SHARE_SCHEMA, duration_text, share_text


def schema(specs: Specs) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12), the options of platforms, probes and telemetry sources merged in."""
    models = Models.of(specs)
    kinds: dict[str, Any] = {
        kind: (spec.options, Field(default=None, description=spec.summary)) for kind, spec in specs.sources.items()
    }
    telemetry = create_model("Telemetry", __base__=Section, __doc__="Telemetry sources by name.", **kinds)
    named: Any = (dict[str, models.fleet], Field(min_length=1, description="The fleets by name."))  # type: ignore[name-defined]
    shared: Any = (models.defaults, Field(default=None))
    sources: Any = (telemetry, Field(default=None))
    whole = create_model("Repave", __base__=DocumentBase, telemetry=sources, defaults=shared, fleets=named)
    content = whole.model_json_schema(schema_generator=_Generator)
    _refine(content["$defs"], specs)
    content["properties"]["fleets"]["propertyNames"] = {"pattern": f"^{FLEET_NAME_PATTERN}$"}
    _tidy(content)
    content["$defs"] |= {"Duration": DURATION_SCHEMA, "Share": SHARE_SCHEMA}
    return {"$schema": GenerateJsonSchema.schema_dialect, **content, "description": DocumentBase.__doc__}


class _Generator(GenerateJsonSchema):
    """Writes defaults as a person would, and leaves out titles that only repeat the key."""

    def encode_default(self, dft: Any) -> Any:
        """A default as JSON; a section's are those of its keys."""
        match dft:
            case Amount():
                return str(dft) if dft.count is None else dft.count
            case Listen() | StateAddress():
                return str(dft)
            case BaseModel():
                return None
            case _:
                return super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is pydantic's
        """A key is its own title."""
        return False


def _refine(definitions: dict[str, Any], specs: Specs) -> None:
    """Add what the models cannot say: one platform per fleet, one probe per rule, a threshold where one is needed."""
    definitions["Fleet"]["oneOf"] = [{"required": [name]} for name in specs.platforms]
    sides = {"oneOf": [{"required": ["above"]}, {"required": ["below"]}]}
    definitions["Rule"]["oneOf"] = [
        {"required": [name]} if spec.threshold else {"required": [name], **sides} for name, spec in specs.probes.items()
    ]
    tampering = definitions["Tampering"]
    if tampering.get("properties"):
        either = [{"enum": list(tampering["properties"])}, {"$ref": "#/$defs/Tampering"}]
        tampering["minProperties"] = tampering["maxProperties"] = 1
        for owner in ("Fleet", "Defaults"):
            if owner in definitions:
                definitions[owner]["properties"]["tampered_when"]["items"] = {"anyOf": either}
    if specs.sources:
        kind = {"type": "object", "properties": {"kind": {"enum": list(specs.sources)}}, "required": ["kind"]}
        definitions["Telemetry"]["additionalProperties"] = kind


def _tidy(node: Any) -> None:
    """Drop defaults that only say `nothing`, and define durations and shares once."""
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _tidy(item)
    if isinstance(node, dict):
        if node.get("default", ...) is None:
            del node["default"]
        _refer(node, "Duration", DURATION_SCHEMA, duration_text)
        _refer(node, "Share", SHARE_SCHEMA, share_text)


def _refer(node: dict[str, Any], name: str, shared: dict[str, Any], text: Callable[[float], str]) -> None:
    if not shared.items() <= node.items():
        return
    for key in shared:
        del node[key]
    node["$ref"] = f"#/$defs/{name}"
    if "default" in node:
        node["default"] = text(node["default"])
