"""A probe that knows by itself what is bad, unless its options make it a number."""

import pytest

from controller.app.configuration import specs
from controller.domain.errors import ConfigError
from controller.domain.policy import Above, Begins, Condition
from controller.settings import load

CONFIG = """
version: 1
fleets:
  web:
    asg: {{name: web, region: eu-west-1}}
    degraded_when:
      - {{name: r, {rule}, for: 2m}}
"""


def condition(rule: str) -> Condition:
    return load(CONFIG.format(rule=rule), "f.yaml", specs()).fleets["web"].conditions[0]


def test_a_state_is_known_and_a_number_is_told() -> None:
    assert condition("http: {port: 80}").threshold == Begins("failed")
    assert condition("http: {port: 80, metric: latency_ms}, above: 500").threshold == Above(500)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("http: {port: 80}, above: 500", "'http' knows by itself what is bad (failed); leave 'above' out"),
        ("http: {port: 80, metric: latency_ms}", "'http' needs a threshold: 'above' or 'below'"),
        ("http: {port: 80, metric: latency_ms}, above: 1, below: 5", "'above' or 'below', not both"),
        ("http: {port: 80, metric: latency_ms}, above: 2000", "is not shorter than the 'timeout'"),
        ("http: {port: 0, metric: latency_ms}, above: 500", "port"),
        ("docker_stats: {metric: oom_killed}, above: 1", "'oom_killed' is 0 or 1"),
        ("docker_stats: {metric: pids}", "'docker_stats' needs a threshold"),
        ("docker_logs: {match: x}", "'docker_logs' counts: it needs 'count' and 'within'"),
        ("docker_health: {}, above: 1", "'docker_health' knows by itself what is bad (unhealthy)"),
        ("docker_logs: {match: /(a+)+/}, count: 1, within: 1h", "must not repeat a group"),
    ],
)
def test_what_is_wrong_is_said(rule: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        condition(rule)
    assert words in str(caught.value)
    if "port: 0" in rule:
        assert "knows by itself" not in str(caught.value)


def test_a_processor_may_be_used_more_than_once() -> None:
    def warnings(rule: str) -> str:
        return " ".join(map(str, load(CONFIG.format(rule=rule), "f.yaml", specs()).warnings))

    assert "never above" in warnings("docker_stats: {metric: memory_percent}, above: 100")
    assert "never above" not in warnings("docker_stats: {metric: cpu_percent}, above: 150")
