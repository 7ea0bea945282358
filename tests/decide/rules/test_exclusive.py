from controller.decide.rules.exclusive import RULE
from tests.decide.rules.said_by_platform import passes_on


def test_it_passes_on_what_the_platform_says() -> None:
    passes_on(RULE)
