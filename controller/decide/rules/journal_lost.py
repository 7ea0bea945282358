"""Without the journal nothing can be written down before it is done: the fleet is only watched."""

from controller.decide.rule import RuleSpec
from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.verdict import Judgement
from controller.domain.veto import Needs, Veto
from controller.domain.words import moment_words


def check_fleet(snapshot: Snapshot, judgement: Judgement, policy: Policy) -> Veto | None:
    """Vetoes while the journal cannot be reached."""
    since = snapshot.journal_lost_since
    if since is None:
        return None
    told = f"journal unreachable since {moment_words(since, snapshot.now)}: watching only"
    return Veto("journal_lost", told, Needs.WORLD)


RULE = RuleSpec("journal_lost", "Nothing is begun that could not be written down first.", check_fleet=check_fleet)
