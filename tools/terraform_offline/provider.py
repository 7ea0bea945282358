"""A Terraform provider that knows a schema and nothing else: enough for init, validate, and tests with mock_provider.

Runs on `.venv-deploy`'s Python. OFFLINE_SCHEMA names the JSON file that `package.py` wrote. What would touch a cloud
(plan or apply without mocks) is not implemented, and Terraform says so.
"""

import json
import os
from pathlib import Path
from typing import Any

import tf.provider
import tf.runner
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

SCHEMA = json.loads(Path(os.environ["OFFLINE_SCHEMA"]).read_text(encoding="utf-8"))
NESTING = {name: getattr(pb.Schema.NestedBlock.NestingMode, name.upper()) for name in ("single", "list", "set", "map")}


def block(known: dict[str, Any]) -> pb.Schema.Block:
    """The protocol's form of one block, with the blocks in it."""
    attributes = [
        pb.Schema.Attribute(
            name=name,
            type=json.dumps(fields["type"]).encode(),
            required=fields.get("required", False),
            optional=fields.get("optional", False),
            computed=fields.get("computed", False),
        )
        for name, fields in known["attributes"].items()
    ]
    nested = [
        pb.Schema.NestedBlock(
            type_name=name,
            nesting=NESTING[fields["nesting"]],
            min_items=fields["min"],
            max_items=fields["max"],
            block=block(fields["block"]),
        )
        for name, fields in known["blocks"].items()
    ]
    return pb.Schema.Block(attributes=attributes, block_types=nested)


def schemas(kind: str) -> dict[str, pb.Schema]:
    """Every schema of a kind ("resources" or "data"), by type name."""
    return {name: pb.Schema(version=0, block=block(known)) for name, known in SCHEMA[kind].items()}


class SchemaOnly(rpc.ProviderServicer):  # type: ignore[misc]
    """Answers what can be answered from the schema; everything that is given has been checked by Terraform itself."""

    def __init__(self, _: object) -> None: ...

    @staticmethod
    def full_name() -> str:
        """For which provider Terraform may take this one, when it is told of a running one."""
        return "registry.terraform.io/hashicorp/aws"

    def GetMetadata(self, request: object, context: object) -> Any:  # noqa: N802, ARG002
        return pb.GetMetadata.Response(
            resources=[pb.GetMetadata.ResourceMetadata(type_name=name) for name in SCHEMA["resources"]],
            data_sources=[pb.GetMetadata.DataSourceMetadata(type_name=name) for name in SCHEMA["data"]],
        )

    def GetProviderSchema(self, request: object, context: object) -> Any:  # noqa: N802, ARG002
        return pb.GetProviderSchema.Response(
            provider=pb.Schema(version=0, block=block(SCHEMA["provider"])),
            resource_schemas=schemas("resources"),
            data_source_schemas=schemas("data"),
        )

    def ValidateProviderConfig(self, request: object, context: object) -> Any:  # noqa: N802, ARG002
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request: object, context: object) -> Any:  # noqa: N802, ARG002
        return pb.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, request: object, context: object) -> Any:  # noqa: N802, ARG002
        return pb.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, request: object, context: object) -> Any:  # noqa: N802, ARG002
        return pb.ConfigureProvider.Response()

    def StopProvider(self, request: object, context: object) -> Any:  # noqa: N802, ARG002
        return pb.StopProvider.Response()


if __name__ == "__main__":
    tf.provider.ProviderServicer = SchemaOnly
    tf.runner.run_provider(SchemaOnly)
