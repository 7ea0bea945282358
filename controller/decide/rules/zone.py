"""One surge per zone at a time: the newcomer has to land where its predecessor leaves."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes when a replacement in the candidate's group and zone is open, or was chosen by this plan; not where the
    platform lands newcomers where it is told, or does not mind where they land (attribute `any_zone`)."""
    group = snapshot.inventory.group(candidate.instance.group)
    if group is not None and group.attributes.get("any_zone"):
        return None
    place = (candidate.instance.group, candidate.instance.zone)
    names = [item.id for item in snapshot.open_replacements if (item.group, item.zone) == place]
    names += [
        f"one for {item.instance.id}" for item in draft.starts if (item.instance.group, item.instance.zone) == place
    ]
    if not names:
        return None
    return Veto("zone", f"{', '.join(names)} already surges in {candidate.instance.zone}", Needs.REPAVE)


RULE = RuleSpec("zone", "One surge per zone at a time.", check=check)
