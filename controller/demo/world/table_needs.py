"""What a call of DynamoDB needs to be allowed, as IAM asks for it."""

from collections.abc import Mapping
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID

from controller.demo.world.iam import Need

IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""


def of_tables(region: str, operation: str, asked: Mapping[str, Any]) -> list[Need]:
    """A transaction needs what it is made of, on the table of each. asked: its parameters."""
    if operation == "TransactWriteItems":
        parts = [part for item in asked.get("TransactItems", ()) for part in item.items()]
        return [Need(f"dynamodb:{IN_TRANSACTION[kind]}", _table(region, one["TableName"])) for kind, one in parts]
    return [Need(f"dynamodb:{operation}", _table(region, asked.get("TableName", "")))]


def _table(region: str, name: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:dynamodb:{region}:{DEFAULT_ACCOUNT_ID}:table/{name}"
