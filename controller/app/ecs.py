"""A task of Amazon ECS takes its disk with it when it ends: who acts has to remember elsewhere."""

from collections.abc import Mapping
from dataclasses import replace

from controller.domain.errors import ConfigError
from controller.domain.policy import Mode
from controller.settings import Config, Problem, StateAddress

METADATA = ("ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI")
"""Set in every container by the agent
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint.html)."""

EXECUTION = "AWS_EXECUTION_ENV"
"""`AWS_ECS_FARGATE` or `AWS_ECS_EC2` in a task."""

FORGOTTEN = (
    "'state' is an SQLite file on the disk of this ECS task, and what is under way would be forgotten with the task: "
    "'repave run' refuses to act. Write postgresql://... or dynamodb://TABLE, or 'max_mode: observe'."
)
BEGUN_ANEW = (
    "'state' is an SQLite file on the disk of this ECS task: every task begins without a past. "
    "To act, postgresql://... or dynamodb://TABLE is needed."
)


def on_ecs(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in a task of ECS, by what its agent puts into the environment."""
    return any(environ.get(name) for name in METADATA) or environ.get(EXECUTION, "").startswith("AWS_ECS")


def warned(config: Config, environ: Mapping[str, str]) -> Config:
    """The configuration, with a warning where its journal would die with the task."""
    if not _dies_with_the_task(config, environ):
        return config
    message = FORGOTTEN if _may_act(config) else BEGUN_ANEW
    return replace(config, warnings=(Problem(config.name, config.state_at, message), *config.warnings))


def refuse_to_forget(config: Config, environ: Mapping[str, str]) -> None:
    """Raises ConfigError when a fleet may be acted on (in mode ask too, after a yes) with a journal that dies with the
    task."""
    if _dies_with_the_task(config, environ) and _may_act(config):
        raise ConfigError(str(Problem(config.name, config.state_at, FORGOTTEN)))


def _dies_with_the_task(config: Config, environ: Mapping[str, str]) -> bool:
    return isinstance(config.state, StateAddress) and config.state.kind == "sqlite" and on_ecs(environ)


def _may_act(config: Config) -> bool:
    """A fleet's mode is capped by `max_mode` already."""
    return any(policy.mode is not Mode.OBSERVE for policy in config.fleets.values())
