"""Reads the generated dashboards and rules: which expressions are in them, and which metrics and labels these name."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

from controller.record.catalogue import CATALOGUE
from tests.house.project import ROOT
from tools.dashboards.site import Site

GRAFANA = ROOT / "deploy" / "dashboards" / "grafana"
RULES = ROOT / "deploy" / "alerts" / "prometheus" / "repave.rules.yml"

Json = dict[str, Any]

LABELS: dict[str, frozenset[str]] = {
    series: frozenset(metric.labels) | ({"le"} if series.endswith("_bucket") else frozenset())
    for metric in CATALOGUE
    for series in metric.series
}
INSTALLATION = frozenset(Site().installation)


@dataclass(frozen=True)
class Asked:
    """One expression. where: for people. legend: the labels that its legend names."""

    where: str
    expression: str
    legend: frozenset[str] = frozenset()

    def with_values(self, values: Mapping[str, str]) -> str:
        """The expression as Grafana sends it, its variables filled in."""
        return re.sub(r"\$(\w+)", lambda found: values[found[1]], self.expression)


def board(name: str) -> Json:
    document: Json = json.loads((GRAFANA / f"{name}.json").read_text(encoding="utf-8"))
    return document


def panels(document: Json) -> Iterator[Json]:
    """All that show something, those within closed rows too."""
    for item in document["panels"]:
        if item["type"] == "row":
            yield from item.get("panels", [])
        else:
            yield item


def expressions(document: Json) -> Iterator[Asked]:
    """What a dashboard asks."""
    for item in panels(document):
        for target in item["targets"]:
            legend = frozenset(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
            yield Asked(f"{document['uid']}: {item['title']}", target["expr"], legend)


def rules() -> Iterator[Asked]:
    """What the alerting rules ask."""
    document = YAML(typ="safe").load(RULES.read_text(encoding="utf-8"))
    for rule in document["groups"][0]["rules"]:
        texts = " ".join(rule["annotations"].values())
        legend = frozenset(re.findall(r"\$labels\.(\w+)", texts))
        yield Asked(f"{rule['alert']} {rule['labels'].get('sign', '')}".rstrip(), rule["expr"], legend)


def unknown_names(asked: Asked) -> list[str]:
    """Metrics that there are not, and labels that they do not have."""
    problems: list[str] = []
    known = set(INSTALLATION)
    for series, matchers in re.findall(r"(repave_\w+)(?:\{([^}]*)\})?", asked.expression):
        if series not in LABELS:
            problems.append(f"{asked.where}: there is no metric {series}")
            continue
        known |= LABELS[series]
        named = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", matchers))
        wrong = sorted(named - LABELS[series] - INSTALLATION)
        problems += [f"{asked.where}: {series} has no label {label}" for label in wrong]
    kept: set[str] = set()
    for group in re.findall(r"\bby \(([^)]*)\)", asked.expression):
        kept |= set(re.split(r",\s*", group))
    problems += [f"{asked.where}: nothing has the label {label}" for label in sorted(kept - known)]
    problems += [f"{asked.where}: the label {label} is lost on the way" for label in sorted(asked.legend - kept)]
    return problems
