"""An image that has not proved itself here goes to one instance first, then to some, then to all."""

from controller.decide.rule import RuleSpec
from controller.decide.rules.max_in_flight import allowed_in_flight
from controller.domain.budgets import canary_veto
from controller.domain.model import Instance, Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Veto


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes when as many launch the same image already as its proofs allow: one without any, else twice as many."""
    image_id = launch_image_id(candidate.instance, snapshot)
    in_flight = [item.id for item in snapshot.open_replacements if item.image_id == image_id]
    in_flight += [
        f"one for {chosen.instance.id}"
        for chosen in draft.starts
        if launch_image_id(chosen.instance, snapshot) == image_id
    ]
    return canary_veto(snapshot.history.past, image_id, in_flight, allowed_in_flight(snapshot, policy))


def launch_image_id(instance: Instance, snapshot: Snapshot) -> str | None:
    """What a launch in the instance's place would use now; None when that cannot be told."""
    launch = snapshot.inventory.launch_image(instance)
    return launch.id if launch else None


RULE = RuleSpec("canary", "An image that is not proven in a fleet goes to one instance first.", check=check)
