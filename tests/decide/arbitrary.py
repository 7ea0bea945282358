"""Arbitrary snapshots, judgements' inputs and policies: whatever may be seen, sensible or not."""

from datetime import datetime, timedelta

from hypothesis import strategies as st

from controller.domain.lifecycle import Phase
from controller.domain.memory import Memory, Streak, StreakKind
from controller.domain.model import (
    Breaker,
    Group,
    Hold,
    Image,
    Instance,
    InstanceState,
    Inventory,
    Snapshot,
    Target,
    Unknown,
)
from controller.domain.past import History
from controller.domain.policy import Amount, Limits, Mode, Policy
from controller.domain.replacement import Replacement
from controller.domain.veto import Needs, Veto
from tests.support.builders import NOW, later, policy, replacement, signal

IDS = tuple(f"i-{number}" for number in range(1, 8))
GROUPS = ("web", "api")
CONDITIONS = ("errors", "max_image_age")
VALUES = st.sampled_from([0.0, 1.0, 90 * 86400.0, float("nan"), float("inf"), "impaired"])
TIMES = st.integers(-4000, 60).map(later)
MAYBE_TIMES = st.none() | TIMES | st.just(NOW - timedelta(days=90))
IMAGES = st.builds(Image, st.sampled_from(["ami-old", "ami-new"]), MAYBE_TIMES)
RULE_NAMES = ("protected", "platform_busy", "no_capacity", "unsupported_group", "platform_replacing")
VETOES = st.builds(Veto, st.sampled_from(RULE_NAMES), st.just("so"), st.sampled_from(Needs), MAYBE_TIMES)
FEW_VETOES = st.lists(VETOES, max_size=1).map(tuple)
TARGETS = st.lists(st.builds(Target, st.just("lb"), st.sampled_from(["healthy", "draining", "unknown"])), max_size=2)
SIGNALS = st.builds(signal, VALUES, TIMES) | st.just(Unknown("no row"))
BOTH = st.tuples(st.sampled_from(IDS), st.sampled_from(CONDITIONS))
STREAKS = st.builds(
    lambda kind, since, lasted, points: Streak(kind, since, since + timedelta(seconds=lasted), points),
    st.sampled_from(StreakKind),
    TIMES,
    st.integers(0, 3000),
    st.integers(1, 5),
)
MEMORIES = st.builds(
    Memory, st.dictionaries(BOTH, STREAKS, max_size=4), MAYBE_TIMES, st.none() | st.integers(0, 9)
)  # fmt: skip
HOLDS = st.builds(
    Hold, st.sampled_from(["all", "fleet:web", "instance:i-1"]), st.just("lunch"), st.just("ann"), TIMES, MAYBE_TIMES
)
BREAKERS = st.builds(Breaker, st.just("web"), st.sampled_from(CONDITIONS), st.just("so"), TIMES)
HISTORIES = st.builds(
    lambda times, failures: History(tuple(sorted(times)), tuple(sorted(times)), failures, failures),
    st.lists(TIMES, max_size=5),
    st.integers(0, 4),
)


def an_instance(instance_id: str) -> st.SearchStrategy[Instance]:
    return st.builds(
        Instance,
        st.just(instance_id),
        st.sampled_from(GROUPS),
        st.sampled_from(["a", "b"]),
        st.sampled_from(InstanceState),
        IMAGES,
        launched_at=MAYBE_TIMES,
        healthy=st.sampled_from([None, True, False]),
        targets=TARGETS.map(tuple),
        vetoes=FEW_VETOES,
    )


def a_group(name: str) -> st.SearchStrategy[Group]:
    counts = st.integers(0, 8)
    return st.builds(Group, st.just(name), counts, counts, counts, st.none() | IMAGES, vetoes=FEW_VETOES)


def a_replacement(replacement_id: str) -> st.SearchStrategy[Replacement]:
    def made(phase: Phase, predecessor: str, successor: str | None, group: str, at: datetime) -> Replacement:
        return replacement(replacement_id, phase, at, predecessor=predecessor, successor=successor, group=group)

    ids = st.sampled_from(IDS)
    phases = st.sampled_from([phase for phase in Phase if phase is not Phase.CLOSED])
    return st.builds(made, phases, ids, st.none() | ids, st.sampled_from(GROUPS), TIMES)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    members = tuple(draw(an_instance(name)) for name in draw(st.lists(st.sampled_from(IDS), unique=True)))
    groups = tuple(draw(a_group(name)) for name in draw(st.lists(st.sampled_from(GROUPS), unique=True)))
    return Snapshot(
        fleet="web",
        now=NOW,
        inventory=Inventory(NOW, groups, members),
        signals=draw(st.dictionaries(BOTH, SIGNALS)),
        memory=draw(MEMORIES),
        open_replacements=tuple(draw(a_replacement(f"r-{number}")) for number in range(draw(st.integers(0, 2)))),
        holds=tuple(draw(st.lists(HOLDS, max_size=1))),
        breakers=tuple(draw(st.lists(BREAKERS, max_size=1))),
        history=draw(HISTORIES),
    )


def policies() -> st.SearchStrategy[Policy]:
    amounts = st.builds(Amount, count=st.integers(1, 4)) | st.builds(Amount, share=st.floats(0.01, 1.0))
    limits = st.builds(Limits, amounts, st.integers(1, 6), st.none() | amounts)
    return st.builds(lambda mode, limits: policy(mode=mode, limits=limits), st.sampled_from(Mode), limits)
