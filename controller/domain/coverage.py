"""What a probe of a telemetry source gives back: answers, and how its rows were matched to instances."""

from collections.abc import Iterable, Mapping

from controller.domain.model import MOST_NAMES, Coverage, Signal, Unknown


class Readings(dict[str, Signal | Unknown]):
    """An answer per instance id.

    resolved: the instances that have rows of their own. unmatched: names in the rows that are nobody's, the first
    MOST_NAMES of them.
    """

    def __init__(
        self, answers: Mapping[str, Signal | Unknown], resolved: Iterable[str] = (), unmatched: Iterable[str] = ()
    ) -> None:
        super().__init__(answers)
        self.resolved = frozenset(resolved)
        names = tuple(dict.fromkeys(unmatched))
        self.unmatched = names[:MOST_NAMES]
        self.unmatched_count = len(names)

    def coverage(self, rule: str, source: str) -> Coverage:
        """The same in numbers, for one rule and source."""
        return Coverage(rule, source, len(self.resolved), len(self), self.unmatched, self.unmatched_count)
