"""Prometheus' alerting rules, as YAML."""

from collections.abc import Iterable
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from tools.dashboards.alerts import alerts
from tools.dashboards.site import Site

HEAD = "# Written by `python -m tools.dashboards`; docs/dashboards.md tells how. Do not edit.\n"


def rules(site: Site) -> str:
    """The rules file. What a rule says is plain text with Prometheus' own templates in it."""
    written = [
        {
            "alert": alert.name,
            "expr": _text(alert.expression),
            "for": alert.lasts,
            "labels": {"severity": alert.severity.value, **({"sign": alert.sign} if alert.sign else {})},
            "annotations": {
                "summary": alert.summary,
                "description": alert.description,
                "runbook_url": site.runbook_of(alert.name),
            },
        }
        for alert in alerts(site)
    ]
    return HEAD + as_yaml({"groups": [{"name": "repave", "rules": written}]})


def wrapped(expressions: Iterable[str]) -> str:
    """Any expressions as a file of recording rules, for `promtool check rules`."""
    written = [{"record": f"check:{number}", "expr": _text(text)} for number, text in enumerate(expressions)]
    return as_yaml({"groups": [{"name": "expressions", "rules": written}]})


def _text(text: str) -> str:
    return LiteralScalarString(text) if "\n" in text else text


def as_yaml(document: dict[str, Any]) -> str:
    """The document in block style, long lines left as they are."""
    yaml, out = YAML(), StringIO()
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, out)
    return out.getvalue()
