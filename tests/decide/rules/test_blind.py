from controller.decide.rules.blind import check
from controller.domain.verdict import Draft, EvidenceOutcome, VerdictKind
from controller.domain.veto import Needs, Veto
from tests.support.builders import IMAGE_AGE, candidate, evidence, instance, policy, snapshot

UNSEEN = EvidenceOutcome.UNKNOWN


def test_a_blind_verdict_names_each_rule_that_cannot_see() -> None:
    items = (
        evidence(found=False, outcome=UNSEEN, reason="no row"),
        evidence(IMAGE_AGE, found=False, outcome=UNSEEN, reason="no known date"),
    )
    veto = check(candidate(instance(), *items, kind=VerdictKind.BLIND), Draft(), snapshot(), policy())
    sentence = "cannot see it for more than 600 s: errors: no row; max_image_age: no known date"
    assert veto == Veto("blind", sentence, Needs.WORLD)


def test_what_is_seen_is_left_out_of_the_sentence() -> None:
    items = (evidence(found=False), evidence(IMAGE_AGE, found=False, outcome=UNSEEN, reason="no known date"))
    veto = check(candidate(instance(), *items, kind=VerdictKind.BLIND), Draft(), snapshot(), policy())
    assert veto is not None
    assert veto.reason == "cannot see it for more than 600 s: max_image_age: no known date"


def test_who_is_condemned_is_not_blind_whatever_else_is_unknown() -> None:
    items = (evidence(), evidence(IMAGE_AGE, found=False, outcome=UNSEEN, reason="no known date"))
    assert check(candidate(instance(), *items), Draft(), snapshot(), policy()) is None
