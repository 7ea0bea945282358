"""What is the same for every rule that passes on what the platform itself says."""

from controller.decide.rule import RuleSpec
from controller.domain.verdict import Draft
from controller.domain.veto import Needs
from tests.support.builders import candidate, group, instance, later, policy, snapshot, veto


def passes_on(rule: RuleSpec) -> None:
    """Its own veto, word for word, whether it stands on the instance or on its group; and nobody else's."""
    assert rule.check is not None
    own, other = veto(rule.name, Needs.WORLD, later(60)), veto("something_else")
    on_instance = snapshot([instance()])
    assert rule.check(candidate(instance(vetoes=(other, own))), Draft(), on_instance, policy()) is own
    on_group = snapshot([instance()], [group(vetoes=(other, own))])
    assert rule.check(candidate(), Draft(), on_group, policy()) is own
    assert rule.check(candidate(instance(vetoes=(other,))), Draft(), on_instance, policy()) is None
    elsewhere = snapshot([instance()], [group(), group("api", vetoes=(own,))])
    assert rule.check(candidate(), Draft(), elsewhere, policy()) is None
    assert rule.check(candidate(), Draft(), snapshot([instance()], []), policy()) is None
