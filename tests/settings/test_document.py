"""A policy as text and back."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import field_serializer

from controller.domain.errors import ConfigError, RepaveError
from controller.domain.policy import Policy
from controller.settings import Specs, load, policy_from_document
from tests.settings.fakes import SPECS, Options, platform

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
SECONDS = st.integers(1, 200)
NUMBERS = st.floats(-1e9, 1e9) | st.integers(-(10**9), 10**9)


@st.composite
def rules(draw: st.DrawFn, name: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"name": name, "urgent": draw(st.booleans()), "for": f"{draw(SECONDS)}s"}
    rule["missing"] = draw(st.sampled_from(["unknown", "zero"]))
    if draw(st.booleans()):
        return {**rule, "checks": {}}
    options = {"metric": draw(WORDS), "labels": draw(st.dictionaries(WORDS, WORDS, max_size=2))}
    return {**rule, "cpu": options, draw(st.sampled_from(["above", "below"])): draw(NUMBERS)}


@st.composite
def amounts(draw: st.DrawFn) -> int | str:
    return draw(st.integers(1, 50) | st.floats(0.1, 100).map(lambda share: f"{share:.3f}%"))


@st.composite
def configs(draw: st.DrawFn) -> str:
    """A valid configuration of one fleet, as JSON, which is YAML too."""
    names = draw(st.lists(WORDS.filter(lambda name: not name.startswith("max_")), unique=True, max_size=4))
    fleet: dict[str, Any] = {
        "group": draw(st.sampled_from([{"name": "web"}, {"tags": {"b": "2", "a": "1"}, "size": "large"}])),
        "max_age": f"{draw(st.integers(1, 400))}d",
        "degraded_when": [draw(rules(name)) for name in names],
        "limits": {"max_in_flight": draw(amounts()), "capacity_floor": draw(amounts())},
        "verify": {"bake": f"{draw(SECONDS)}s", "warm_up": f"{draw(SECONDS)}s"},
        "stop_when": {"blind_over": f"{draw(st.integers(0, 100))}%"},
        "poll": f"{draw(st.floats(0.1, 60)):.4f}s",
        "mode": draw(st.sampled_from(["observe", "ask", "act"])),
    }
    return json.dumps({"version": 1, "tick": f"{draw(SECONDS)}s", "fleets": {"web": fleet}}, ensure_ascii=False)


@settings(deadline=None)
@given(configs())
def test_a_policy_is_rebuilt_from_its_document_equal_in_every_field(text: str) -> None:
    policy = load(text, "any.yaml", SPECS).fleets["web"]
    assert policy_from_document(policy.document, SPECS) == policy


@settings(deadline=None, max_examples=40)
@given(configs(), configs())
def test_the_hash_is_the_same_only_for_the_same_declaration(one: str, other: str) -> None:
    first, second = (load(text, "any.yaml", SPECS).fleets["web"] for text in (one, other))
    assert (first.hash == second.hash) == (first == second)


def policy_of(lines: str) -> Policy:
    return load(f"version: 1\nfleets:\n  web:\n    group: {{name: web}}\n{lines}", "web.yaml", SPECS).fleets["web"]


def test_it_does_not_matter_how_something_is_said() -> None:
    short = policy_of("    max_age: 1h30m\n")
    long = policy_of("    limits: {max_in_flight: 1} # the default\n    max_age: 90m\n    degraded_when: []\n")
    assert short == long
    assert (len(short.hash), int(short.hash, 16) > 0) == (12, True)


def test_a_change_of_mode_is_a_change() -> None:
    assert policy_of("    mode: act\n").hash != policy_of("    mode: ask\n").hash


def test_the_document_is_canonical_json_that_names_secrets_only_by_reference() -> None:
    text = (
        'version: 1\ntelemetry:\n  store: {url: "http://one", token: {env: STORE_TOKEN}}\nfleets:\n  web:\n'
        "    group: {name: web}\n    degraded_when: [{name: x, stored: {metric: load}, above: 1}]\n"
    )
    config = load(text, "web.yaml", SPECS)
    document = config.fleets["web"].document
    assert document == json.dumps(json.loads(document), sort_keys=True, separators=(",", ":"))
    assert "STORE_TOKEN" not in document
    assert repr(config.telemetry["store"].options).count("STORE_TOKEN") == 1


DOCUMENT = policy_of("    degraded_when: [{name: hot, cpu: {metric: load}, above: 1}]\n").document


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "null",
        "{}",
        '"text"',
        DOCUMENT[:-1],
        DOCUMENT.replace('"platform":"group"', '"platform":"gone"'),
        DOCUMENT.replace('"probe":"cpu"', '"probe":"gone"'),
        DOCUMENT.replace('"above"', '"near"'),
        DOCUMENT.replace('{"above":1.0}', "{}"),
        DOCUMENT.replace('"metric":"load"', '"metric":5'),
        DOCUMENT.replace('"poll_seconds":5.0', '"poll_seconds":"often"'),
        DOCUMENT.replace('"mode":"observe"', '"mode":"dance"'),
    ],
)
def test_a_document_that_cannot_be_read_is_a_config_error(document: str) -> None:
    assert document != DOCUMENT
    with pytest.raises(ConfigError, match=r"The policy [0-9a-f]{12} cannot be rebuilt from its document: "):
        policy_from_document(document, SPECS)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (DOCUMENT.replace('"platform":"group"', '"platform":"gone"'), "there is no platform 'gone' any more."),
        (DOCUMENT.replace('"probe":"cpu"', '"probe":"gone"'), "there is no probe 'gone' any more."),
        ("{}", "'platform' is missing."),
        (DOCUMENT.replace('"poll_seconds":5.0', '"poll_seconds":"often"'), "1 of its values are wrong."),
    ],
)
def test_the_reason_is_said(broken: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        policy_from_document(broken, SPECS)
    assert str(caught.value).endswith(reason)


def test_a_document_of_an_earlier_version_takes_todays_defaults_for_what_it_does_not_know() -> None:
    content = json.loads(DOCUMENT)
    del content["poll_seconds"], content["limits"]["capacity_floor"]
    assert policy_from_document(json.dumps(content), SPECS).poll_seconds == 5.0


class Lossy(Options):
    name: str

    @field_serializer("name")
    def _shortened(self, name: str) -> str:
        return name[:1]


def test_options_that_do_not_survive_being_written_down_are_found_at_the_start() -> None:
    specs = Specs({"lossy": platform("lossy", Lossy)}, SPECS.probes)
    with pytest.raises(RepaveError, match="options of fleet web do not survive"):
        load("version: 1\nfleets:\n  web:\n    lossy: {name: web}\n", "web.yaml", specs)


def test_documents_are_kept_for_replacements_that_outlive_a_release() -> None:
    kept = (Path(__file__).parent / "policy_document.json").read_text().strip()
    policy = policy_from_document(kept, SPECS)
    assert policy.document == kept
    assert policy.condition("hot") is not None
