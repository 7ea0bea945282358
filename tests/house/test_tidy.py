"""The house is tidy. Each check says what it wants in the docstring of its function."""

from collections.abc import Callable

import pytest

from tests.house.checks import CHECKS
from tests.house.project import Project


@pytest.fixture(scope="module")
def project() -> Project:
    return Project()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_tidy(project: Project, check: Callable[[Project], list[str]]) -> None:
    problems = check(project)
    assert not problems, f"{check.__doc__}\n" + "\n".join(problems)


def test_the_checks_see_the_project(project: Project) -> None:
    """A checker that looks at nothing passes everything."""
    assert {"controller", "probes", "tests"} <= {source.path.parts[0] for source in project.sources}
