import pytest

from controller.decide.rules.no_fresher_image import check
from controller.domain.model import Image
from controller.domain.verdict import Draft
from controller.domain.veto import Needs, Veto
from tests.support.builders import IMAGE_AGE, candidate, evidence, group, image, instance, policy, snapshot

OLD = instance(image=image("ami-old", 90))
SAME = "a launch would use the same image ami-old"


def said(launch: Image | None, of: Image = OLD.image) -> Veto | None:
    aged = candidate(instance(image=of), evidence(IMAGE_AGE))
    return check(aged, Draft(), snapshot([OLD], [group(launch_image=launch)]), policy())


@pytest.mark.parametrize(
    ("launch", "sentence"),
    [
        (None, "cannot tell which image a launch would use now"),
        (image("ami-old", 90), SAME),
        (image("ami-old", 1), SAME),
        (image("ami-new", None), "the image a launch would use, ami-new, has no known date"),
        (image("ami-new", 91), "the image a launch would use, ami-new, is not newer than ami-old"),
        (image("ami-new", 90), "the image a launch would use, ami-new, is not newer than ami-old"),
        (image("ami-new", 31), "the image a launch would use, ami-new, is itself 31 days old, over the limit"),
    ],
)
def test_an_aged_image_is_not_cured_by(launch: Image | None, sentence: str) -> None:
    assert said(launch) == Veto("no_fresher_image", sentence, Needs.WORLD)


@pytest.mark.parametrize("age_days", [0, 1, 30])
def test_a_fresher_image_within_the_limit_passes(age_days: float) -> None:
    assert said(image("ami-new", age_days)) is None


def test_a_group_that_is_not_there_cannot_tell() -> None:
    aged = candidate(OLD, evidence(IMAGE_AGE))
    veto = check(aged, Draft(), snapshot([OLD], []), policy())
    assert veto is not None
    assert veto.reason == "cannot tell which image a launch would use now"


def test_a_limit_that_is_not_declared_any_more_lets_nothing_pass() -> None:
    aged = candidate(OLD, evidence(IMAGE_AGE, rule="an older rule"))
    assert check(aged, Draft(), snapshot([OLD], [group()]), policy()) is not None


def test_who_is_not_aged_may_get_the_same_image() -> None:
    seen = snapshot([OLD], [group(launch_image=OLD.image)])
    assert check(candidate(OLD, evidence(), evidence(IMAGE_AGE, found=False)), Draft(), seen, policy()) is None
