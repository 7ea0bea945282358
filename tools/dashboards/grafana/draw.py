"""From charts to Grafana's JSON."""

import json
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any
from urllib.parse import quote

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import GraphDrawStyle, LegendDisplayMode, LegendPlacement, StackingMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
    VariableRefresh,
    VariableSort,
)

from tools.dashboards.grafana.chart import Chart, Look
from tools.dashboards.site import Site

METRICS = DataSourceRef(type_val="prometheus", uid="${datasource}")
FLEET_UID, OVERVIEW_UID = "repave-fleet", "repave-overview"
HEIGHTS = {Look.NUMBER: 4, Look.LINES: 8, Look.STACK: 8, Look.TIMELINE: 8}
THIS_FLEET = f"/d/{FLEET_UID}?${{__all_variables}}&${{__url_time_range}}&var-fleet=${{__field.labels.fleet}}"
KEPT = "${}:_."
"""What stays as it is in a link, so that Grafana finds its variables."""

AnyPanel = stat.Panel | statetimeline.Panel | timeseries.Panel


def panel(chart: Chart, *, one_fleet: bool) -> AnyPanel:
    """The panel with its queries."""
    drawn = _shape(chart)
    drawn.title(chart.title).description(chart.description).datasource(METRICS).unit(chart.unit)
    drawn.span(chart.width).height(HEIGHTS[chart.look])
    for number, query in enumerate(chart.queries):
        asked = prometheus.Dataquery().expr(query.expression).legend_format(query.legend).ref_id(chr(ord("A") + number))
        drawn.with_target(asked.instant() if chart.look is Look.NUMBER else asked.range())
    if chart.warn is not None or chart.bad is not None:
        drawn.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(_steps(chart)))
    if chart.words:
        drawn.mappings([_words(chart.words)])
    if chart.traces:
        drawn.links([_link("Traces of these", explored(chart.traces))])
    if chart.per_fleet and not one_fleet:
        drawn.data_links([_link("This fleet", THIS_FLEET)])
    return drawn


def _shape(chart: Chart) -> AnyPanel:
    if chart.look is Look.NUMBER:
        return stat.Panel()
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    if chart.look is Look.TIMELINE:
        return statetimeline.Panel().legend(legend.show_legend(show_legend=False)).fill_opacity(80)
    lines = timeseries.Panel().legend(legend.show_legend(show_legend=True)).fill_opacity(10).min(0)
    if chart.look is Look.STACK:
        stacked = common.StackingConfig().mode(StackingMode.NORMAL).group("A")
        lines.stacking(stacked).draw_style(GraphDrawStyle.LINE).fill_opacity(60).line_width(1)
    return lines


def _steps(chart: Chart) -> list[Threshold]:
    """Green, then yellow, then red; or the other way round, where little is bad."""
    warn, bad = chart.warn, chart.bad
    if warn is not None and bad is not None and bad < warn:
        return [Threshold(None, "red"), Threshold(bad, "yellow"), Threshold(warn, "green")]
    marks = [Threshold(None, "green")]
    marks += [Threshold(warn, "yellow")] if warn is not None else []
    return marks + ([Threshold(bad, "red")] if bad is not None else [])


def _words(words: Sequence[tuple[str, str, str]]) -> ValueMapping:
    return ValueMap({value: ValueMappingResult(text=text, color=color) for value, text, color in words})


def _link(title: str, url: str) -> dashboard.DashboardLink:
    return dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(target_blank=True)


def explored(traceql: str) -> str:
    """A link to Grafana's Explore with this query, in the data source of traces that was picked."""
    source = {"type": "tempo", "uid": "${traces}"}
    query = {"refId": "A", "datasource": source, "queryType": "traceql", "query": traceql, "limit": 20}
    pane = {"datasource": "${traces}", "queries": [query], "range": {"from": "${__from}", "to": "${__to}"}}
    return f"/explore?schemaVersion=1&panes={quote(json.dumps({'t': pane}), safe=KEPT)}"


def board(
    site: Site, *, title: str, uid: str, about: str, rows: Mapping[str, Sequence[Chart]], one_fleet: bool
) -> dict[str, Any]:
    """A whole dashboard: the variables, then the rows of panels."""
    drawn = dashboard.Dashboard(title).uid(uid).description(about).tags(["repave"]).timezone("browser").refresh("30s")
    drawn.time("now-6h" if one_fleet else "now-24h", "now").readonly()
    for variable in _variables(site, one_fleet=one_fleet):
        drawn.with_variable(variable)
    drawn.link(
        dashboard.DashboardLink("Other dashboards of Repave")
        .type(DashboardLinkType.DASHBOARDS)
        .tags(["repave"])
        .include_vars(include_vars=True)
        .keep_time(keep_time=True)
    )
    if one_fleet:
        for name, traceql in TRACES.items():
            drawn.link(_link(name, explored(traceql)))
    numbers = count(1)
    for name, charts in rows.items():
        drawn.with_row(dashboard.Row(name).id(next(numbers)))
        for chart in charts:
            drawn.with_panel(panel(chart, one_fleet=one_fleet).id(next(numbers)))
    plain: dict[str, Any] = json.loads(json.dumps(drawn.build(), cls=JSONEncoder, sort_keys=True))
    return plain


TRACES = {
    "Traces of its replacements": '{ span.repave.fleet = "${fleet}" && name =~ "replace .*" }',
    "Traces of its refusals": '{ span.repave.fleet = "${fleet}" && name =~ "hold .*" }',
    "The trace of one replacement": '{ span.repave.replacement.id = "${replacement}" }',
}


def _variables(site: Site, *, one_fleet: bool) -> list[Any]:
    known = [f'{label}=~"${label}"' for label in site.installation]
    found: list[Any] = [
        dashboard.DatasourceVariable("datasource").label("Metrics").type("prometheus"),
        dashboard.DatasourceVariable("traces").label("Traces").type("tempo"),
    ]
    for place, label in enumerate(site.installation):
        found.append(_asked(label, "repave_build_info", known[:place]).multi(multi=True).include_all(include_all=True))
    if one_fleet:
        found.append(_asked("fleet", "repave_fleet_info", known))
        found.append(dashboard.TextBoxVariable("replacement").label("Replacement").default_value("r-"))
    return found


def _asked(label: str, series: str, known: Sequence[str]) -> dashboard.QueryVariable:
    """A variable whose values are those of a label."""
    selector = f"{{{', '.join(known)}}}" if known else ""
    return (
        dashboard.QueryVariable(label)
        .label(label.capitalize())
        .datasource(METRICS)
        .query(f"label_values({series}{selector}, {label})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
