"""How long each part of the end-to-end tests took, for the table at their end."""

from dataclasses import dataclass, field


@dataclass
class Timings:
    """Seconds by what took them, in the order in which it ended."""

    parts: list[tuple[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, what: str, seconds: float) -> None:
        """Note one part."""
        self.parts.append((what, seconds))

    def lines(self) -> list[str]:
        """The table, and below it what was noted."""
        return [*(f"{seconds:7.1f} s  {what}" for what, seconds in self.parts), *self.notes]
