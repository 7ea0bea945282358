"""An aged image is not cured by launching the same image again."""

from datetime import timedelta

from controller.decide.rule import RuleSpec
from controller.domain.model import Image, Snapshot
from controller.domain.policy import Above, Policy
from controller.domain.verdict import Candidate, Draft
from controller.domain.veto import Needs, Veto

IMAGE_AGE_PROBE = "image_age"


def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
    """Vetoes an aged image unless a launch would now use a dated, newer one that is not aged itself."""
    aged = next((item for item in candidate.verdict.findings if item.probe == IMAGE_AGE_PROBE), None)
    if aged is None:
        return None
    launch = snapshot.inventory.launch_image(candidate.instance)
    condition = policy.condition(aged.rule)
    limit = condition.threshold.limit if condition and isinstance(condition.threshold, Above) else 0.0
    reason = _why_not(candidate.instance.image, launch, limit, snapshot)
    return Veto("no_fresher_image", reason, Needs.WORLD) if reason else None


def _why_not(image: Image, launch: Image | None, limit_seconds: float, snapshot: Snapshot) -> str | None:
    if launch is None:
        return "cannot tell which image a launch would use now"
    if launch.id == image.id:
        return f"a launch would use the same image {image.id}"
    if launch.created_at is None:
        return f"the image a launch would use, {launch.id}, has no known date"
    if image.created_at is not None and launch.created_at <= image.created_at:
        return f"the image a launch would use, {launch.id}, is not newer than {image.id}"
    age = snapshot.now - launch.created_at
    if age > timedelta(seconds=limit_seconds):
        return f"the image a launch would use, {launch.id}, is itself {age.days} days old, over the limit"
    return None


RULE = RuleSpec("no_fresher_image", "An aged image is replaced only by a fresher one.", check=check)
