"""Secrets are named in the configuration and never written into it."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from controller.settings.values import expected

KINDS = ("env", "file", "secretsmanager")


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is kept; whoever needs the secret resolves it, when it is needed.

    kind: env | file | secretsmanager. name: the variable, the path, or the secret's name or ARN.
    """

    kind: str
    name: str

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read from, and written as, `{env: NAME}`, `{file: PATH}` or `{secretsmanager: NAME}`."""
        return core_schema.no_info_plain_validator_function(
            _read,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda ref: {ref.kind: ref.name}),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """One of three mappings with one key each."""
        return {
            "type": "object",
            "properties": {kind: {"type": "string", "minLength": 1} for kind in KINDS},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }


def _read(value: object) -> SecretRef:
    if isinstance(value, SecretRef):
        return value
    if isinstance(value, dict) and len(value) == 1:
        ((kind, name),) = value.items()
        if kind in KINDS and isinstance(name, str) and name:
            return SecretRef(kind, name)
    # What stands there may be the secret itself, so it is not shown.
    raise expected(
        "takes a reference, {env: NAME}, {file: PATH} or {secretsmanager: NAME}, and never the secret itself"
    )
