"""Policies by hash: an open replacement keeps the one it was accepted under, whatever the configuration says now."""

from sqlalchemy import Connection, select

from controller.domain.policy import Policy
from controller.journal.dialect import insert
from controller.journal.schema import policies


def save(connection: Connection, policy: Policy) -> None:
    """Keep a policy's document under its hash; what is there already is the same."""
    connection.execute(insert(policies).values(hash=policy.hash, document=policy.document).on_conflict_do_nothing())


def document(connection: Connection, policy_hash: str) -> str | None:
    """The document of that hash, or None."""
    return connection.execute(select(policies.c.document).where(policies.c.hash == policy_hash)).scalar_one_or_none()
