"""Telemetry sources of the configuration, with the probes that are really there."""

import pytest

from controller.app.configuration import specs
from controller.clients.option_types import SecretRef
from controller.domain.errors import ConfigError
from controller.settings import Config, load
from probes._newrelic import NewRelicOptions
from probes._prometheus import PrometheusOptions
from probes.nrql import NrqlOptions
from probes.promql import PromqlOptions

WHOLE = """\
version: 1
telemetry:
{sources}
fleets:
  web:
    asg: {{name: web}}
    degraded_when:
      - {{name: errors, {rule}}}
"""
PROMETHEUS = '  prometheus: {url: "http://prometheus:9090"}'
PROMQL = "promql: up, above: 5"


def config(rule: str = PROMQL, sources: str = PROMETHEUS) -> Config:
    return load(WHOLE.format(sources=sources, rule=rule), "test.yaml", specs())


def problem(rule: str = PROMQL, sources: str = PROMETHEUS) -> str:
    with pytest.raises(ConfigError) as caught:
        config(rule, sources)
    return str(caught.value)


def test_a_query_may_stand_alone_or_say_more() -> None:
    for rule in (PROMQL, "promql: {query: up}, above: 5"):
        (condition,) = config(rule).fleets["web"].conditions
        assert condition.options == PromqlOptions.model_validate("up")
        assert condition.source == "prometheus"
    rule = 'promql: {query: "a > 1", step: 30s, alive: up}, missing: zero, above: 5'
    options = config(rule).fleets["web"].conditions[0].options
    assert isinstance(options, PromqlOptions)
    assert (options.query, options.step, options.alive) == ("a > 1", 30.0, "up")


def test_a_source_says_how_it_is_reached_and_holds_references_alone() -> None:
    text = """\
  prometheus:
    url: https://prometheus.example.org/prom/
    token: {secretsmanager: prod/prometheus}
    ca_file: ca.pem
    client_cert: own.pem
    client_key: own.key
    identity: instance
    headers: {X-Scope-OrgID: web}
    lag: 30s
  metrics_eu: {kind: prometheus, url: "http://prom-eu:9090", user: ops, password: {file: /run/secrets/prom}}
"""
    found = config("promql: up, above: 5, source: metrics_eu", text)
    first, second = (source.options for source in found.telemetry.values())
    assert isinstance(first, PrometheusOptions)
    assert isinstance(second, PrometheusOptions)
    assert first.url == "https://prometheus.example.org/prom"
    assert (first.token, first.lag, first.identity) == (
        SecretRef("secretsmanager", "prod/prometheus"),
        30.0,
        "instance",
    )
    place = second.place()
    assert place.credential is not None
    assert (place.credential.kind, place.credential.name) == ("basic", "ops")
    assert found.fleets["web"].conditions[0].source == "metrics_eu"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("promql: up, above: 5, missing: zero", "test.yaml:8:55: rule 'errors': 'missing: zero' needs 'alive'"),
        ("promql: {query: up, alive: up}, above: 5", "test.yaml:8:24: rule 'errors': 'alive' is read only with"),
        (
            "promql: {query: up, step: 1m}, above: 5, for: 90s",
            "test.yaml:8:70: rule 'errors': 'for' needs three readings",
        ),
        ("promql: {query: up, step: 1s}, above: 5, for: 6h", "more than 11000 readings"),
        ("promql: {query: up, step: 0s}, above: 5", "'step' must be more than 0s"),
        ('promql: "", above: 5', "test.yaml:8:32: 'query' must not be empty"),
        ("promql: {quer: up}, above: 5", "Did you mean 'query'?"),
        ("promql: [up], above: 5", "'promql' must be a mapping"),
        ("promql: up", "'promql' needs a threshold"),
        ("promql: up, above: 5, source: other", "there is no source 'other' of kind 'prometheus'"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_with_its_place(rule: str, message: str) -> None:
    assert message in problem(rule)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{}", "test.yaml:3:3: 'url' is missing"),
        ("{url: prometheus}", "test.yaml:3:21: 'url' must be an address such as"),
        ('{url: "ftp://prometheus"}', "must be an address such as"),
        ('{url: "http://"}', "must be an address such as"),
        ('{url: "http://host:99999"}', "must be an address such as"),
        ('{url: "http://ops:hunter2@host"}', "without user, password"),
        ('{url: "http://host/?token=hunter2"}', "without user, password"),
        ('{url: "http://host", token: hunter2}', "takes a reference"),
        ('{url: "http://host", user: ops}', "needs both"),
        ('{url: "http://host", user: ops, password: {env: A}, token: {env: B}}', "not both"),
        ('{url: "http://host", headers: {Authorization: hunter2}}', "by reference"),
        ('{url: "http://host", headers: {"a b": c}}', "'[key]' cannot be used"),
        ('{url: "http://host", client_key: a.pem}', "'client_key' belongs to a 'client_cert'"),
        ('{url: "http://host", tokn: {env: A}}', "Did you mean 'token'?"),
    ],
)
def test_what_is_wrong_with_a_source_is_said_with_its_place_and_no_secret(source: str, message: str) -> None:
    told = problem(sources=f"  prometheus: {source}")
    assert message in told
    assert "hunter2" not in told


def test_a_rule_without_its_source_names_the_kind_that_is_missing() -> None:
    assert "'promql' needs a source of kind 'prometheus' under 'telemetry'" in problem(sources="  {}")


NEW_RELIC = "  new_relic: {account: 1234567, region: eu, api_key: {env: NEW_RELIC_API_KEY}}"
LOAD = "SELECT average(x) FROM T FACET host"


def test_new_relic_is_an_account_and_a_reference_to_a_user_key() -> None:
    found = config(f"nrql: {LOAD}, above: 5", NEW_RELIC)
    (source,) = (one.options for one in found.telemetry.values())
    assert isinstance(source, NewRelicOptions)
    assert (source.account, source.api_key, source.lag) == (1234567, SecretRef("env", "NEW_RELIC_API_KEY"), 120.0)
    assert found.fleets["web"].conditions[0].options == NrqlOptions.model_validate(LOAD)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (f"nrql: {LOAD} SINCE 1 hour ago, above: 5", "test.yaml:8:30: 'query' must leave SINCE out"),
        (f"nrql: {{query: {LOAD} TIMESERIES}}, above: 5", "'query' must leave TIMESERIES out"),
        (f"nrql: {{query: {LOAD}, alive: up}}, above: 5, missing: zero", "'alive' must be NRQL with one SELECT"),
        (f"nrql: {LOAD}, above: 5, missing: zero", "rule 'errors': 'missing: zero' needs 'alive'"),
        (f"nrql: {{query: {LOAD}, period: 2m}}, above: 5, for: 3m", "rule 'errors': 'for' needs three readings"),
        (f"nrql: {{query: {LOAD}, period: 1s}}, above: 5, for: 1h", "more than 366 buckets"),
    ],
)
def test_what_is_wrong_with_nrql_is_said_with_its_place(rule: str, message: str) -> None:
    assert message in problem(rule, NEW_RELIC)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{account: 1, region: eu}", "test.yaml:3:3: 'api_key' is missing"),
        ("{account: one, api_key: {env: A}}", "'account' must be a whole number"),
        ("{account: 1, api_key: hunter2}", "takes a reference"),
        ("{account: 1, api_key: {env: A}, region: us1}", "'region' must be 'us' or 'eu'"),
    ],
)
def test_what_is_wrong_with_new_relic_is_said_with_its_place(source: str, message: str) -> None:
    told = problem(f"nrql: {LOAD}, above: 5", f"  new_relic: {source}")
    assert message in told
    assert "hunter2" not in told
