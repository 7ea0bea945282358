#!/usr/bin/env python3
"""Writes the tables in docs/metrics.md from the catalogue of metrics: `python tools/metrics_doc.py`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from controller.record.catalogue import CATALOGUE, Described, Origin  # noqa: E402

PLACE = ROOT / "docs" / "metrics.md"
BEGIN, END = "<!-- tables -->\n", "<!-- end of tables -->"

HEADINGS = {
    Origin.JOURNAL: "## Of the installation\n\nRead from the journal at each scrape. Every daemon says the same, and a "
    "restart changes nothing: put daemons together with `max`.\n",
    Origin.DAEMON: "## Of one daemon\n\nCounters begin at zero with the daemon: put daemons together with `sum`.\n",
}


def row(metric: Described) -> str:
    """One line of a table."""
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind.value} | {labels} | {metric.unit} | {metric.meaning} |"


def tables() -> str:
    """One table for each origin."""
    parts = []
    for origin, heading in HEADINGS.items():
        lines = ["| name | type | labels | unit | what it says |", "|---|---|---|---|---|"]
        lines += [row(metric) for metric in CATALOGUE if metric.origin is origin]
        parts.append(f"{heading}\n" + "\n".join(lines) + "\n")
    return "\n".join(parts) + "\n"


def page(written: str) -> str:
    """The page with its tables written anew."""
    head, rest = written.split(BEGIN, 1)
    return head + BEGIN + tables() + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    PLACE.write_text(page(PLACE.read_text(encoding="utf-8")), encoding="utf-8")
