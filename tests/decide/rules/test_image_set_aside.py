from typing import Any

from controller.decide.rules.image_set_aside import check
from controller.domain.lifecycle import Outcome
from controller.domain.model import Image
from controller.domain.past import History, Past
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import candidate, group, later, past, policy, snapshot


def said(*told: Past, launch: str | None = "ami-new") -> Veto | None:
    whole = snapshot((), (group(launch_image=launch and Image(launch)),), history=History(past=told))
    return check(candidate(), Draft(), whole, policy())


def failed(replacement_id: str = "r-1", **changed: Any) -> Past:
    return past(replacement_id, predecessor="i-7", outcome=Outcome.FAILED, **changed)


def test_two_failed_successors_set_their_image_aside() -> None:
    assert said(failed()) is None
    reason = (
        "2 successors in a row failed on ami-new, which a launch would use (the last: r-2 failed: worse at 11:59:00 "
        "UTC, r-1 failed: deadline at 11:00:00 UTC): it is set aside until the group launches another image, or a "
        "person says `repave resume web`"
    )
    both = (failed("r-2"), failed("r-1", error_type="deadline", closed_at=later(-3600)))
    assert said(*both) == Veto("image_set_aside", reason, Needs.PERSON)


def test_another_image_may_be_launched() -> None:
    assert said(failed("r-2"), failed("r-1"), launch="ami-newer") is None
    assert said(failed("r-2"), failed("r-1"), launch=None) is None


def test_a_proof_or_a_resume_takes_it_back_in() -> None:
    assert said(failed("r-3"), past("r-2"), failed("r-1")) is None
    assert said(failed("r-2", forgotten=True), failed("r-1", forgotten=True)) is None


def test_what_never_had_a_successor_says_nothing_of_the_image() -> None:
    assert said(failed("r-2", successor=None), failed("r-1", successor=None)) is None
