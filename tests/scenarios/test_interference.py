"""Each moment of a replacement and each interference: capacity and desired end right, and nobody else is touched.

A sample runs with every build, every pair with `make e2e`.
"""

from itertools import product
from pathlib import Path

import pytest

from controller.domain.lifecycle import Outcome
from tests.e2e.harness.laws import TERMINATE, violations
from tests.e2e.harness.wire import Request, read_wire
from tests.scenarios.harness.play import Performance, perform
from tests.scenarios.harness.worlds import StoryWorld
from tests.scenarios.interference import (
    AGED,
    CONFIG,
    DEEDS,
    MOMENTS,
    SIZE,
    TAKES_THE_SURGE,
    Deed,
    Interferer,
    story,
)
from tests.support.worlds import Nursery

PAIRS = tuple(product(MOMENTS, DEEDS))
SAMPLE = PAIRS[:: len(DEEDS) + 1]
"""A diagonal: every moment, and nearly every deed."""


UNDISTURBED = Deed(lambda *_: [])
TAKEN = Deed(lambda *_: [])
"""What a policy that took our surge back comes to: nothing moved, and the wire's own sums do not add up."""


def problems(done: Performance, deed: Deed) -> list[str]:
    """One sentence for each way in which the end is wrong."""
    (group,), names = done.state.values(), done.names
    wire = read_wire(done.wire)
    wanted, members = SIZE + deed.moves, group["instances"]
    found = violations(wire, done.group) if deed is not TAKEN else []
    if not group["desired"] == len(members) == len(group["serving"]) == wanted:
        found.append(f"{group['desired']} desired, {len(members)} members, {len(group['serving'])} serve; not {wanted}")
    others = {one for one in done.group.instances if names.told(one) != AGED}
    ended = {
        one
        for call in wire
        if isinstance(call, Request) and call.ours and call.call == TERMINATE
        for one in call.instances
    }
    found += [f"{names.told(one)} was terminated, and nobody had a case against it" for one in sorted(ended & others)]
    found += [f"{item.id} is still open" for item, _ in done.ending.replacements if item.open]
    kept = "protects" if any(members[one]["protected"] for one in members if names.told(one) != AGED) else ""
    return [*found, *(["a successor is still protected"] if kept else []), *done.ending.breakers]


def interfered(moment: str, name: str, nursery: Nursery, folder: Path) -> tuple[Performance, bool]:
    deed, seen = DEEDS[name], []

    def audience(world: StoryWorld) -> Interferer:
        seen.append(Interferer(world, moment, deed))
        return seen[0]

    done = perform(story(deed), CONFIG, nursery, folder, audience=audience)
    return done, seen[0].done


def _ends_right(moment: str, name: str, nursery: Nursery, folder: Path) -> None:
    done, interferes = interfered(moment, name, nursery, folder)
    if not interferes:
        assert "newcomer" in name or moment in ("terminating", "drained"), "nobody interfered"
    deed = DEEDS[name] if interferes else UNDISTURBED
    found = problems(done, TAKEN if (moment, name) == TAKES_THE_SURGE else deed)
    assert not found, "\n".join([f"{name}, {moment}:", *found, "", done.report])


@pytest.mark.parametrize(("moment", "name"), SAMPLE)
def test_ends_right(moment: str, name: str, nursery: Nursery, tmp_path: Path) -> None:
    _ends_right(moment, name, nursery, tmp_path)


@pytest.mark.full_matrix
@pytest.mark.parametrize(("moment", "name"), [pair for pair in PAIRS if pair not in SAMPLE])
def test_every_pair_ends_right(moment: str, name: str, nursery: Nursery, tmp_path: Path) -> None:
    _ends_right(moment, name, nursery, tmp_path)


def test_undisturbed_it_is_replaced(nursery: Nursery, tmp_path: Path) -> None:
    done = perform(story(UNDISTURBED), CONFIG, nursery, tmp_path)
    assert [item.outcome for item, _ in done.ending.replacements] == [Outcome.REPLACED]
    assert problems(done, UNDISTURBED) == []
