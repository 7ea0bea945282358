"""On ECS the disk dies with the task: acting with a journal on it is refused, and looking warns."""

from collections.abc import Mapping

import pytest

from controller.app.configuration import specs
from controller.app.ecs import on_ecs, refuse_to_forget, warned
from controller.domain.errors import ConfigError
from controller.settings import Config, load

TASK = {"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/abc"}


def config(mode: str, *top: str, own: str = "") -> Config:
    lines = ("version: 1", f"mode: {mode}", *top, "fleets:", f"  web: {{asg: {{name: web}}, max_age: 60d{own}}}")
    return load("\n".join(lines), "repave.yaml", specs())


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        (TASK, True),
        ({"ECS_CONTAINER_METADATA_URI": "http://169.254.170.2/v3/abc"}, True),
        ({"ECS_CONTAINER_METADATA_URI_V4": ""}, False),
        ({"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE"}, True),
        ({"AWS_EXECUTION_ENV": "AWS_ECS_EC2"}, True),
        ({"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}, False),
    ],
)
def test_a_task_is_known_by_what_its_agent_says(environ: Mapping[str, str], expected: bool) -> None:
    assert on_ecs(environ) is expected


@pytest.mark.parametrize(
    "declared",
    [
        config("act", "state: sqlite:///repave.db"),
        config("ask", "state: sqlite:///repave.db"),
        config("observe", "state: sqlite:///repave.db", own=", mode: act"),
        config("act", "state: sqlite:///repave.db", "max_mode: ask"),
    ],
    ids=["act", "ask", "one fleet acts", "capped to ask"],
)
def test_to_act_from_a_disk_that_dies_is_refused_at_its_place(declared: Config) -> None:
    with pytest.raises(ConfigError) as caught:
        refuse_to_forget(declared, TASK)
    assert str(caught.value) == (
        "repave.yaml:3:8: 'state' is an SQLite file on the disk of this ECS task, and what is under way would be "
        "forgotten with the task: 'repave run' refuses to act. Write postgresql://... or dynamodb://TABLE, or "
        "'max_mode: observe'."
    )
    assert str(warned(declared, TASK).warnings[0]) == str(caught.value)
    refuse_to_forget(declared, {})
    assert warned(declared, {}) == declared


def test_a_state_that_nobody_wrote_is_refused_at_the_top() -> None:
    with pytest.raises(ConfigError, match=r"^repave.yaml:1:1: 'state' is an SQLite file"):
        refuse_to_forget(config("act"), TASK)


@pytest.mark.parametrize("declared", [config("observe"), config("act", "max_mode: observe")])
def test_who_only_looks_is_warned(declared: Config) -> None:
    refuse_to_forget(declared, TASK)
    said = [str(warning) for warning in warned(declared, TASK).warnings]
    assert any("every task begins without a past" in line for line in said)
