"""What must hold at the engine whatever happened, by the words of laws 1 and 5, however the platform does it."""

from tests.support.fake_engine import FakeEngine


def violations(engine: FakeEngine, before: int = 3) -> list[str]:
    """One sentence per breach: fewer that serve than before, through our calls; the predecessor touched otherwise than
    by being stopped and removed; anything removed twice."""
    fell = [change for change in engine.changes if len(change.after) < min(before, len(change.before))]
    found = [f"{one.call} {one.subject[:12]}: {len(one.after)} serve, {before} had to" for one in fell]
    ended = [change.subject for change in engine.changes if change.call == "remove"]
    found += [f"{subject} was removed twice" for subject in set(ended) if ended.count(subject) > 1]
    made = {change.subject for change in engine.changes if change.call == "create"}
    foreign = [change for change in engine.changes if change.subject not in made]
    allowed = ("stop", "remove")
    found += [f"{change.call} {change.subject[:12]}: not ours" for change in foreign if change.call not in allowed]
    return found
