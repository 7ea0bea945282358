"""What a file in `decide/rules` exports as RULE."""

from collections.abc import Callable
from dataclasses import dataclass

from controller.domain.model import Snapshot
from controller.domain.policy import Policy
from controller.domain.replacement import Replacement
from controller.domain.verdict import Candidate, Draft, Judgement
from controller.domain.veto import Veto

CandidateCheck = Callable[[Candidate, Draft, Snapshot, Policy], Veto | None]
OpenCheck = Callable[[Replacement, Snapshot, Policy], Veto | None]
FleetCheck = Callable[[Snapshot, Judgement, Policy], Veto | None]


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One safety check. name: the id of its vetoes. summary: what it protects from, in one sentence.

    Give `check` for a rule about one candidate (the draft holds what this plan already chose, so that budgets count
    it), `check_fleet` for one that stops the whole fleet whoever the candidate is, or `check_open` for one that makes
    a replacement under way wait before its predecessor is touched.
    """

    name: str
    summary: str
    check: CandidateCheck | None = None
    check_fleet: FleetCheck | None = None
    check_open: OpenCheck | None = None


def said_by_platform(name: str) -> CandidateCheck:
    """A check that passes on what the platform itself says under this id, of the candidate or of its group."""

    def check(candidate: Candidate, draft: Draft, snapshot: Snapshot, policy: Policy) -> Veto | None:
        group = snapshot.inventory.group(candidate.instance.group)
        said = (*candidate.instance.vetoes, *(group.vetoes if group else ()))
        return next((veto for veto in said if veto.rule == name), None)

    return check
