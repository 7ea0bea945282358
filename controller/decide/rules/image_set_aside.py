"""An image that twice gave a bad successor gives no third."""

from controller.decide.rule import RuleSpec
from controller.domain.budgets import image_set_aside_veto
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes when successors failed twice in a row on the image that a launch would use now."""
    launch = snapshot.inventory.launch_image(candidate.instance)
    return image_set_aside_veto(snapshot.history.past, snapshot.fleet, launch.id if launch else None, snapshot.now)


RULE = RuleSpec("image_set_aside", "An image whose successors failed twice is launched no more.", check=check)
