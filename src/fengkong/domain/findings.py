"""What a check found before anything ran: in data, in rules, in a recipe."""

from dataclasses import dataclass
from enum import StrEnum

from fengkong.domain.documents import Place

__all__ = ["Finding", "Severity"]


class Severity(StrEnum):
    """error: can't go on; warning: may mislead; info: worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: a stable code ("D004", "R010"), how bad, what, where, and the cure."""

    code: str
    severity: Severity
    message: str
    place: Place = Place()
    cure: str = ""

    def __str__(self) -> str:
        place = f"{self.place}: " if str(self.place) else ""
        cure = f"; {self.cure}" if self.cure else ""
        return f"{self.severity} {self.code} {place}{self.message}{cure}"
