"""Every generated file with its content; written by `__main__`, held to what lies there by a test."""

import json
from typing import Any

from tools.dashboards.grafana.boards import fleet, overview
from tools.dashboards.prometheus_rules import rules
from tools.dashboards.site import Site


def files(site: Site) -> dict[str, str]:
    """Path below the project's root -> text."""
    return {
        "deploy/alerts/prometheus/repave.rules.yml": rules(site),
        "deploy/dashboards/grafana/overview.json": as_json(overview(site)),
        "deploy/dashboards/grafana/fleet.json": as_json(fleet(site)),
    }


def as_json(document: dict[str, Any]) -> str:
    """As people read it, and ended by a line break."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
