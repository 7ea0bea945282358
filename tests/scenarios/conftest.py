"""The nursery of worlds and the troupe of players, one per run."""

from collections.abc import Iterator

import pytest

from tests.scenarios.harness.case import Case
from tests.scenarios.harness.troupe import Troupe
from tests.support import worlds
from tests.support.worlds import Nursery


@pytest.fixture(scope="session")
def nursery() -> Nursery:
    return worlds.nursery()


@pytest.fixture(scope="session")
def troupe(request: pytest.FixtureRequest) -> Iterator[Troupe]:
    """Begins with all the stories that this run is about."""
    players = Troupe()
    for item in request.session.items:
        case = (
            item.callspec.params.get("case") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else 0
        )
        if isinstance(case, Case):
            players.ask(case)
    yield players
    players.close()
