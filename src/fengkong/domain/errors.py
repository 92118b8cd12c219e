"""The one family of errors, and the one sentence that each of them says.

    FengkongError
    ├── InputError        the data given is not usable (a file, a row, a column, a text)
    ├── SettingsError     a recipe, a workspace or an option says something that can't be done
    ├── RuleError         a rule or a rule set can't be read or run
    ├── BundleError       a sealed bundle is missing, changed, unknown or of another version
    ├── BaseModelError    a pretrained model can't be found or loaded
    └── FacilityError     the world failed, not the caller: disk full, locked store, engine fault

A sentence tells what is wrong, where, what was received, and the cure.
"""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "BaseModelError",
    "BundleError",
    "FacilityError",
    "FengkongError",
    "InputError",
    "RuleError",
    "SettingsError",
    "likely_slip",
]


class FengkongError(Exception):
    """Something that a person can act on.

    what: the fault, as a clause without a full stop.
    where: the file, line, column, rule or setting ("" when there is none).
    received: what was found there ("" when there is nothing to quote). Never a secret, never personal data.
    cure: what to do, as a clause.
    """

    code = "error"

    def __init__(self, what: str, *, where: str = "", received: str = "", cure: str = "") -> None:
        self.what, self.where, self.received, self.cure = what, where, received, cure
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """What, where, received and cure as one sentence."""
        place = f"{self.where}: " if self.where else ""
        quoted = f" (received {self.received})" if self.received else ""
        remedy = f"; {self.cure}" if self.cure else ""
        body = f"{place}{self.what}{quoted}{remedy}"
        return body if body.endswith("?") else body + "."

    def to_dict(self) -> dict[str, str]:
        """The same for machines: code, what, where, received, cure and the whole sentence."""
        return {
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "received": self.received,
            "cure": self.cure,
            "message": self.sentence,
        }


class InputError(FengkongError):
    """The data given can't be used: a file, a row, a column or a text."""

    code = "input"


class SettingsError(FengkongError):
    """A recipe, a workspace file or an option says something that can't be done."""

    code = "settings"


class RuleError(FengkongError):
    """A rule or rule set can't be read, checked or run."""

    code = "rule"


class BundleError(FengkongError):
    """A sealed bundle is missing, changed, unknown or of another version."""

    code = "bundle"


class BaseModelError(FengkongError):
    """A pretrained model can't be found or loaded."""

    code = "base_model"


class FacilityError(FengkongError):
    """The world failed, not the caller: a full disk, a locked store, an engine fault."""

    code = "facility"


def likely_slip(received: str, known: Iterable[str]) -> str:
    """A cure that names the closest known word ("did you mean 'label'?"), or lists the known ones."""
    names = sorted(known)
    close = get_close_matches(received, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return "known are " + ", ".join(repr(name) for name in names) if names else "none is known"
