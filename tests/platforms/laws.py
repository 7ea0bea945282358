"""What must hold at the wire whatever happened, by the words of law 5. Knows nothing of how the platform works."""

from tests.platforms.groups import FakeGroup


def violations(group: FakeGroup) -> list[str]:
    """One sentence per breach: capacity that fell through our calls, and terminations that took effect twice.

    In-service healthy never falls, through our calls, below what it was before (any surge of ours), or below desired
    minus our surges, whichever is less.
    """
    found, before, surges = [], list[int](), 0
    for change in group.mutations:
        raised = change.desired_after - change.desired_before
        if raised > 0:
            before.append(change.serving_before)
        needed = min([*before, change.desired_before - surges])
        if change.serving_after < min(needed, change.serving_before):
            found.append(f"{change.call} {change.subject}: {change.serving_after} serve, {needed} had to")
        surges += raised
    ended = [change.subject for change in group.mutations if change.call == "terminate"]
    found += [f"{subject} was terminated twice" for subject in set(ended) if ended.count(subject) > 1]
    return found
