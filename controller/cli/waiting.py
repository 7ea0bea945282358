"""What waits for a person, or for its turn: rows of `get replacements` and `get requests`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.cli.layout import Row
from controller.cli.output import NOTHING, clock_text, span_text, styled

REQUEST_COLUMNS = ("REQUEST", "FLEET", "INSTANCE", "STATE", "CAUSES", "MADE", "MADE BY", "APPROVED BY", "MORE")


def waiting_row(item: Mapping[str, Any], now: str) -> Row:
    """A request that stands, among the replacements."""
    left = (datetime.fromisoformat(item["expires_at"]) - datetime.fromisoformat(now)).total_seconds()
    return (
        item["id"],
        item["fleet"],
        item["instance"],
        NOTHING,
        f"{item['state']}, expires in {span_text(left)}",
        styled(None),
        styled(None),
        NOTHING,
        NOTHING,
        f"{', '.join(item['causes'])}{_said(item)}",
    )


def request_row(item: Mapping[str, Any]) -> Row:
    """The cells of REQUEST_COLUMNS."""
    return (
        item["id"],
        item["fleet"],
        item["instance"],
        styled(item["state"]),
        ", ".join(item["causes"]),
        clock_text(item["created_at"]),
        item["by"],
        item["approved_by"] or NOTHING,
        item["closing"] or item["reason"] or f"until {clock_text(item['expires_at'])} UTC",
    )


def _said(item: Mapping[str, Any]) -> str:
    """Who said yes, and why they asked."""
    yes = f" (approved by {item['approved_by']})" if item["approved_by"] else ""
    return f"{yes}: {item['reason']}" if item["reason"] else yes
