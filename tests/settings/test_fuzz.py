"""Whatever the file holds, the answer is a Config or a ConfigError, never a traceback."""

import json
import re
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.domain.errors import ConfigError
from controller.settings import load
from tests.settings.fakes import SPECS

LINE = re.compile(r"fuzz\.yaml:[1-9][0-9]*:[1-9][0-9]*: \S.*[.?]")
BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))
SLOW = {"alias_bomb.yaml"}
GOOD = """\
version: 1
mode: act
telemetry: {store: {url: "http://one", token: {env: TOKEN}}}
defaults: &d
  limits: {max_in_flight: 10%, replacements_per_hour: 4}
fleets:
  web:
    group: {tags: {fleet: web}, region: north}
    max_image_age: 30d
    degraded_when:
      - {name: hot, cpu: {metric: x}, above: 90, for: 15m}
      - {name: failing, checks: {}, urgent: true}
      - {name: stored, stored: {metric: y}, below: 0.5, missing: zero}
    verify: {ready_within: 10m, bake: 5m}
"""
TEXTS = st.sampled_from([GOOD, *(file.read_text() for file in BROKEN if file.name not in SLOW)])
# Each word is a piece: what YAML gives a meaning to, and what it does not.
PIECES = st.sampled_from(
    [
        *"*a,*d,{,},[,],',\",|,>,#,~,null,1e999,-0,0x,0o9,1_0,.nan,99999999999999999999,9999999999d,100%,all".split(
            ","
        ),
        *("&a ", "!!int ", "!x ", "<<: ", "- ", ": ", "? ", "---\n", "...\n", "%YAML 1.1\n", "version: 1\n"),
        *"\t\n \x00\x85\u2028\ufeff\ud800é",
    ]
)


def settle(text: str) -> None:
    try:
        load(text, "fuzz.yaml", SPECS)
    except ConfigError as error:
        for line in str(error).split("\n")[:100]:
            assert LINE.fullmatch(line)
            assert line.isprintable()


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = draw(TEXTS)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 12))
        text = text[:start] + draw(PIECES | st.text(max_size=6)) + text[end:]
    return text


@settings(deadline=None)
@given(mutated())
@example("version: 1\nfleets:\n  api: !fleet {}\n")
@example("version: 1\nfleets: {web: &w {group: {tags: *w}}}\n")
@example("%YAML 1.1\n---\n? !!str\n: !!float a\n")
def test_any_change_to_a_file_gives_a_config_or_a_config_error(text: str) -> None:
    settle(text)


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_a_config_or_a_config_error(text: str) -> None:
    settle(text)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["10%", "5m", "web", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "cpu", "kind", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.data())
def test_any_value_under_any_key_gives_a_config_or_a_config_error(data: st.DataObject) -> None:
    tree = {"version": 1, "fleets": {"web": {"group": {"name": "web"}}}}
    tops = ["mode", "state", "tick", "lease", "listen", "telemetry", "defaults", "limits", "fleets"]
    owns = ["group", "engine", "max_age", "degraded_when", "limits", "verify", "drain", "poll", "stop_when", "mode"]
    for key in data.draw(st.lists(st.sampled_from(tops), max_size=3)):
        tree[key] = data.draw(TREES)
    if isinstance(tree["fleets"], dict) and isinstance(tree["fleets"].get("web"), dict):
        for key in data.draw(st.lists(st.sampled_from(owns), max_size=3)):
            tree["fleets"]["web"][key] = data.draw(TREES)
    settle(json.dumps(tree))
