"""What a good file becomes."""

import pytest
from pydantic import ConfigDict

from controller.domain.errors import RepaveError
from controller.domain.policy import (
    Above,
    Amount,
    AnyOf,
    Below,
    Cause,
    Condition,
    Deadlines,
    GlobalLimits,
    Limits,
    Missing,
    Mode,
    Policy,
    StopWhen,
    Verify,
)
from controller.domain.ports import SourceSpec
from controller.settings import Config, Listen, Source, Specs, StateAddress, load
from tests.settings.fakes import SPECS, GroupOptions, MetricOptions, Nothing, StoreOptions, platform, probe

MINIMAL = "version: 1\nfleets:\n  web:\n    group: {name: web}\n    max_age: 60d\n"


def read(text: str) -> Config:
    return load(text, "test.yaml", SPECS)


def fleet(lines: str, top: str = "") -> Policy:
    """The policy of a fleet with these lines."""
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    return read(f"version: 1\n{top}fleets:\n  web:\n    group: {{name: web}}\n{body}").fleets["web"]


def test_what_is_not_said_is_the_domains_default() -> None:
    config = read(MINIMAL)
    policy = config.fleets["web"]
    same = Policy(
        fleet="web",
        platform="group",
        mode=Mode.OBSERVE,
        platform_options=GroupOptions(name="web"),
        conditions=(Condition("max_age", Cause.AGED, "instance_age", Above(60 * 86_400.0), unit="s"),),
        hash=policy.hash,
        document=policy.document,
    )
    assert policy == same
    assert (config.state, config.listen) == (StateAddress("sqlite:///repave.db"), Listen("127.0.0.1", 8080))
    assert (config.tick_seconds, config.lease_ttl_seconds) == (30.0, 30.0)
    assert (config.mode, config.max_mode, config.limits) == (Mode.OBSERVE, Mode.ACT, GlobalLimits())
    assert config.warnings == ()


def test_every_key_of_a_fleet_arrives() -> None:
    policy = fleet(
        """\
max_image_age: 30d
limits: {max_in_flight: 10%, replacements_per_hour: 6, capacity_floor: 3}
stop_when: {degraded_over: 10%, tampered_over: 20%, blind_over: 5%}
verify: {ready_within: 9m, warm_up: 1m, bake: 3m, deadline: 12m}
drain: {timeout: 4m}
deadlines: {launch: 2m, terminate: 6m, undo: 20m}
blind_after: 20m
warm_up: 0s
poll: 0.5s""",
        top="tick: 1m\nlimits: {replacements_per_hour: 20, stop_after_failures: 2}\n",
    )
    assert policy.conditions == (Condition("max_image_age", Cause.AGED, "image_age", Above(2_592_000.0), unit="s"),)
    assert policy.limits == Limits(Amount(share=0.1), 6, Amount(count=3))
    assert policy.global_limits == GlobalLimits(20, 2)
    assert policy.stop_when == StopWhen(0.1, 0.2, 0.05)
    assert policy.verify == Verify(540.0, 60.0, 180.0, 720.0)
    assert policy.deadlines == Deadlines(120.0, 240.0, 360.0, 1200.0)
    assert (policy.blind_after_seconds, policy.warm_up_seconds) == (1200.0, 0.0)
    assert (policy.tick_seconds, policy.poll_seconds) == (60.0, 0.5)


def test_a_rule_becomes_a_condition_with_its_probes_own_options() -> None:
    policy = fleet(
        """\
degraded_when:
  - {name: hot, cpu: {metric: load, only: [a, b]}, above: 90, for: 15m, missing: zero}
  - {name: idle, cpu: {metric: load}, below: 0.5}
  - {name: failing, checks: {}, for: 1m30s, urgent: true}"""
    )
    hot, idle, failing = policy.conditions
    options = MetricOptions(metric="load", only=("a", "b"))
    assert hot == Condition(
        "hot", Cause.DEGRADED, "cpu", Above(90.0), options, None, "%", 900.0, missing=Missing.ZERO, history=True
    )
    assert (idle.threshold, idle.for_seconds) == (Below(0.5), 0.0)
    threshold = AnyOf(("impaired", "failed"))
    assert failing == Condition(
        "failing", Cause.DEGRADED, "checks", threshold, Nothing(), for_seconds=90.0, urgent=True
    )


def test_a_fleet_takes_from_the_defaults_what_it_does_not_say() -> None:
    config = read(
        """\
version: 1
defaults:
  group: {region: north}
  max_age: 60d
  blind_after: 20m
  limits: {max_in_flight: 2, replacements_per_hour: 8}
  degraded_when: [{name: failing, checks: {}}]
fleets:
  web:
    group: {name: web}
    limits: {max_in_flight: 3}
  api:
    engine: {host: api}
    max_age:
    degraded_when: [{name: hot, cpu: {metric: load}, above: 1}]
"""
    )
    web, api = config.fleets["web"], config.fleets["api"]
    assert web.platform_options == GroupOptions(name="web", region="north")
    assert web.limits == Limits(Amount(count=3), 8)
    assert [condition.name for condition in web.conditions] == ["max_age", "failing"]
    assert api.platform == "engine"  # the defaults of another platform do not make it a second one
    assert [condition.name for condition in api.conditions] == ["hot"]  # an empty max_age takes the default away
    assert web.blind_after_seconds == api.blind_after_seconds == 1200.0


@pytest.mark.parametrize(
    ("top", "own", "wanted"),
    [
        ("", "", Mode.OBSERVE),
        ("mode: act\n", "", Mode.ACT),
        ("mode: observe\n", "mode: act", Mode.ACT),
        ("mode: act\n", "mode: ask", Mode.ASK),
        ("mode: act\nmax_mode: ask\n", "", Mode.ASK),
        ("max_mode: observe\n", "mode: act", Mode.OBSERVE),
        ("mode: act\ndefaults: {mode: ask}\n", "", Mode.ASK),
    ],
)
def test_a_fleets_mode_overrides_and_max_mode_caps(top: str, own: str, wanted: Mode) -> None:
    assert fleet(own, top).mode is wanted


def test_the_document_says_mode_after_the_cap() -> None:
    config = read("version: 1\nmode: act\nmax_mode: ask\nfleets:\n  web:\n    group: {name: web}\n    max_age: 60d\n")
    assert (config.mode, config.max_mode) == (Mode.ASK, Mode.ASK)


SOURCES = """\
version: 1
telemetry:
  store: {url: "http://one", token: {env: STORE_TOKEN}}
  east: {kind: store, url: "http://two"}
fleets:
  web:
    group: {name: web}
    degraded_when:
      - {name: by kind, stored: {metric: load}, above: 1}
      - {name: by name, stored: {metric: load}, above: 1, source: east}
      - {name: none, cpu: {metric: load}, above: 1}
"""


def test_a_rule_reads_the_source_it_names_or_the_one_called_like_its_kind() -> None:
    config = read(SOURCES)
    assert [condition.source for condition in config.fleets["web"].conditions] == ["store", "east", None]
    assert config.telemetry["east"] == Source("east", "store", StoreOptions(url="http://two"))


def test_the_only_source_of_a_kind_needs_no_name() -> None:
    text = SOURCES.replace("  store: {url", "  main: {kind: store, url").replace(
        '  east: {kind: store, url: "http://two"}\n', ""
    )
    config = read(text.replace(", source: east", ""))
    assert [condition.source for condition in config.fleets["web"].conditions] == ["main", "main", None]


def test_aliases_are_followed() -> None:
    config = read(
        "version: 1\nfleets:\n  web: {group: {name: web}, limits: &l {max_in_flight: 2}, max_age: 1d}\n"
        "  api: {group: {name: api}, limits: *l, max_age: 1d}\n"
    )
    assert config.fleets["api"].limits == config.fleets["web"].limits == Limits(Amount(count=2))


def test_fleets_keep_the_files_order_and_cannot_be_changed() -> None:
    config = read(MINIMAL + "  api:\n    group: {name: api}\n    max_age: 1d\n")
    assert list(config.fleets) == ["web", "api"]
    with pytest.raises(TypeError):
        config.fleets["new"] = config.fleets["web"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("lines", "warning"),
    [
        ("mode: act", "test.yaml:6:11: mode act is capped to ask by 'max_mode'."),
        ("verify: {bake: 10s}", "test.yaml:6:20: the bake of 10s is shorter than the tick of 30s."),
        (
            "blind_after: 59s",
            "test.yaml:6:18: 'blind_after' is shorter than two ticks of 30s: one unanswered look makes blind.",
        ),
        (
            "limits: {replacements_per_hour: 13}",
            "test.yaml:6:37: all fleets together may start 12 an hour: this fleet never reaches its own limit.",
        ),
        (
            "degraded_when: [{name: x, checks: {}, for: 59s}]",
            "test.yaml:6:48: 'for' needs three readings; 'checks' gives one per tick, so it takes 1m.",
        ),
        ("max_age: 20m", "test.yaml:6:14: 'max_age' is shorter than a newcomer may take to be proven (30m)."),
    ],
)
def test_what_is_probably_not_meant_is_a_warning_with_its_place(lines: str, warning: str) -> None:
    text = (
        f"version: 1\nmax_mode: ask\nfleets:\n  web:\n    group: {{name: web}}\n    {lines}\n    max_image_age: 30d\n"
    )
    assert [str(note) for note in read(text).warnings] == [warning]


def test_a_fleet_without_conditions_is_a_warning() -> None:
    notes = read("version: 1\nfleets:\n  web:\n    group: {name: web}\n").warnings
    assert [str(note) for note in notes] == [
        "test.yaml:3:3: fleet 'web' has no condition: nothing in it is ever found wanting."
    ]


def test_a_probe_with_history_may_be_asked_for_a_short_span() -> None:
    text = MINIMAL + "    degraded_when: [{name: x, cpu: {metric: load}, above: 1, for: 59s}]\n"
    assert read(text).warnings == ()


def test_a_missing_age_probe_is_said_where_it_is_needed() -> None:
    specs = Specs(SPECS.platforms, {"checks": SPECS.probes["checks"]})
    with pytest.raises(
        RepaveError, match="test.yaml:5:14: 'max_age' needs the probe 'instance_age', which is not there."
    ):
        load(MINIMAL, "test.yaml", specs)


def test_a_key_of_ours_that_looks_like_a_platform_is_no_platform() -> None:
    specs = Specs({"drains": platform("drains", Nothing)}, SPECS.probes)
    text = "version: 1\nfleets:\n  web:\n    drain: {timeout: 5m}\n"
    with pytest.raises(RepaveError, match="test.yaml:3:3: fleet 'web' needs one platform: drains."):
        load(text, "test.yaml", specs)


class Loose(Nothing):
    model_config = ConfigDict(extra="ignore")


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        (Specs({"group": platform("group", Loose)}, {}), "options model of group must be frozen and forbid"),
        (
            Specs(SPECS.platforms, {"hot": probe("hot", options=Loose)}),
            "options model of hot must be frozen and forbid",
        ),
        (
            Specs(SPECS.platforms, {}, {"store": SourceSpec("store", Loose, "Keeps.")}),
            "options model of store must be frozen and forbid",
        ),
        (Specs({"limits": platform("limits", Nothing)}, {}), "limits is a key of the configuration itself"),
        (Specs(SPECS.platforms, {"for": probe("for")}), "for is a key of the configuration itself"),
    ],
)
def test_a_plug_in_that_would_let_unknown_keys_pass_is_refused(specs: Specs, message: str) -> None:
    with pytest.raises(RepaveError, match=message):
        load(MINIMAL, "test.yaml", specs)
