from typing import Any

from controller.decide.rules.canary import check
from controller.domain.lifecycle import Outcome
from controller.domain.model import Group, Image
from controller.domain.past import History, Past
from controller.domain.policy import Amount, Limits
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import candidate, draft, group, instance, past, policy, replacement, snapshot

OPEN = replacement(image_id="ami-new")


def said(
    *told: Past, chosen: Draft | None = None, limit: int = 9, groups: tuple[Group, ...] = (), **seen: Any
) -> Veto | None:
    whole = snapshot((), groups or (group(),), history=History(past=told), **seen)
    by = policy(limits=Limits(max_in_flight=Amount(count=limit)))
    return check(candidate(), chosen or Draft(), whole, by)


def test_the_first_onto_an_image_goes_alone() -> None:
    assert said() is None
    reason = "ami-new has not proved itself in this fleet yet: r-1 goes first, alone"
    assert said(open_replacements=(OPEN,)) == Veto("canary", reason, Needs.REPAVE)


def test_what_this_plan_chose_counts_wherever_it_launches_the_same_image() -> None:
    veto = said(chosen=draft(instance("i-2")))
    assert veto is not None
    assert veto.reason.endswith("one for i-2 goes first, alone")
    both = (group(), group("other", launch_image=Image("ami-new")))
    assert said(chosen=draft(instance("i-2", group="other")), groups=both) is not None
    apart = (group(), group("other", launch_image=Image("ami-2")))
    assert said(chosen=draft(instance("i-2", group="other")), groups=apart) is None


def test_twice_as_many_as_have_proved_themselves_may_be_in_flight() -> None:
    two = (OPEN, replacement("r-2", image_id="ami-new"))
    assert said(past(), open_replacements=two[:1]) is None
    veto = said(past(), open_replacements=two)
    assert veto is not None
    assert veto.reason == "ami-new has proved itself 1 time here, which allows 2 at once: r-1, r-2 in flight"
    assert said(past("r-8"), past("r-9"), open_replacements=two) is None


def test_only_a_success_on_that_image_is_a_proof() -> None:
    assert said(past(image_id="ami-old"), open_replacements=(OPEN,)) is not None
    assert said(past(outcome=Outcome.FAILED), open_replacements=(OPEN,)) is not None
    assert said(past(forgotten=True), open_replacements=(OPEN,)) is None, "a resume forgets failures, not proofs"


def test_others_onto_another_image_are_in_nobodys_way() -> None:
    assert said(open_replacements=(replacement(image_id="ami-old"),)) is None


def test_an_image_that_cannot_be_told_goes_one_by_one() -> None:
    unknown = (group(launch_image=None),)
    assert said(groups=unknown) is None
    veto = said(chosen=draft(instance("i-2")), groups=unknown)
    assert veto is not None
    assert veto.reason.startswith("the image that a launch would use has not proved itself")


def test_where_the_fleets_own_limit_is_no_wider_it_says_nothing() -> None:
    assert said(open_replacements=(OPEN,), limit=1) is None
