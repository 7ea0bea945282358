"""What went wrong with a table, as one sentence that a person can act on."""

from collections.abc import Iterable, Mapping
from typing import Any

from controller.domain.errors import Gone, PlatformError
from controller.journal.dynamodb.address import Address

MADE_BY = "make it with deploy/terraform, or as docs/dynamodb.md shows"
KEYS = (("pk", "HASH", "S"), ("sk", "RANGE", "S"))
"""A journal's keys: name, kind, type."""


def why(error: PlatformError, address: Address, region: str | None) -> str:
    """What DynamoDB, or the way there, says."""
    if error.code == "no_region":
        return f"no AWS region is known; write dynamodb://{address.table}?region=REGION, or set AWS_REGION"
    if isinstance(error, Gone):
        return nowhere(address, region)
    return str(error).rstrip(".")


def nowhere(address: Address, region: str | None) -> str:
    """That there is no such table."""
    return f"there is no table {address.table} in {region}; {MADE_BY}"


def wrong_keys(described: Mapping[str, Any]) -> str | None:
    """What is wrong with a table's keys, from its description; None when nothing is."""
    table = described.get("Table", {})
    types = {one["AttributeName"]: one["AttributeType"] for one in table.get("AttributeDefinitions", ())}
    found = tuple(
        (one["AttributeName"], one["KeyType"], types.get(one["AttributeName"], "?"))
        for one in table.get("KeySchema", ())
    )
    if found == KEYS:
        return None
    return f"its keys are {_named(found)}, and a journal's are {_named(KEYS)}; {MADE_BY}"


def _named(keys: Iterable[tuple[str, str, str]]) -> str:
    return " and ".join(f"{name} ({kind}, {type_})" for name, kind, type_ in keys) or "none"
