"""A fleet as one policy sees it: the policy, its platform, and the eyes made for its conditions."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from controller.domain.policy import Policy
from controller.domain.ports import Platform
from controller.observe import Observer


@dataclass(frozen=True, slots=True)
class Site:
    """What is needed to judge and to act under one policy."""

    policy: Policy
    platform: Platform
    observer: Observer


Sites = Callable[[str], Awaitable[Site | None]]
"""The site of a policy hash, rebuilt from the journal when it is not the present one; None when it is unknown."""
