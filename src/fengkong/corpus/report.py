"""What a reading did: how many rows, how many skipped, what was read as unknown."""

from collections import Counter
from dataclasses import dataclass, field

from fengkong.domain.documents import Place
from fengkong.domain.findings import Finding, Severity

__all__ = ["ReadReport"]


@dataclass(slots=True)
class ReadReport:
    """Hand one to a reader, which fills it in as it goes.

    rows: rows read so far, the skipped ones included. first_skipped: where the first of those stands.
    encoding: of the last text file. unknown: NaN values by field, which were read as unknown.
    passed_over: columns with the usual name of a part whose values are not such a part, with the cause.
    unread: columns that are no part of what was read, in their order.
    """

    rows: int = 0
    skipped: int = 0
    first_skipped: Place | None = None
    encoding: str = ""
    unknown: Counter[str] = field(default_factory=Counter)
    passed_over: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        """D101 skipped rows, D102 NaN in a field, D103 a column passed over, D104 text read as GB18030."""
        found = []
        if self.first_skipped:
            message = f"rows skipped, from this one on: {self.skipped:,} of {self.rows:,}"
            found.append(
                Finding("D101", Severity.WARNING, message, self.first_skipped, "mend those in the rejects file")
            )
        for name, count in self.unknown.items():
            message = f"NaN read as unknown: {count:,}"
            found.append(Finding("D102", Severity.INFO, message, Place(name=name)))
        for column, cause in self.passed_over.items():
            message = f"passed over: {cause}"
            found.append(Finding("D103", Severity.INFO, message, Place(name=column), "name the column to have it read"))
        if self.encoding == "gb18030":
            found.append(Finding("D104", Severity.INFO, "the text was read as GB18030", cure="save it as UTF-8"))
        return found
