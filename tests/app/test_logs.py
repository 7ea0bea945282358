"""How much is logged is one variable, and a wrong word in it is one clear line."""

import io
from collections.abc import Iterator

import pytest
import structlog

from controller.app.logs import set_up
from controller.domain.errors import ConfigError


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize(("level", "lines"), [("", 1), ("info", 1), ("DEBUG", 2), ("error", 0)])
def test_the_level(level: str, lines: int) -> None:
    stream = io.StringIO()
    set_up(stream, {"REPAVE_LOG_LEVEL": level})
    structlog.get_logger().info("eight instances")
    structlog.get_logger().debug("a detail")
    assert len(stream.getvalue().splitlines()) == lines


def test_a_wrong_word() -> None:
    with pytest.raises(ConfigError, match="REPAVE_LOG_LEVEL is 'loud'; it may be debug, info, warning, error"):
        set_up(io.StringIO(), {"REPAVE_LOG_LEVEL": "loud"})
