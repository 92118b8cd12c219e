"""Who a document is about: the one key by which windows, batches and snoozes know an entity."""

from decimal import Decimal

from fengkong.domain.documents import FieldValue

__all__ = ["entity_key"]

_DIGITS = 400
"""Numbers of more digits are written with an exponent; no double has as many."""


def entity_key(value: FieldValue) -> str:
    """The text that an id or word is compared by, without the blanks around it; "" where nobody is named.

    An id is the same whether it came as a number or as text, and a number however it is written: 17, 17.0,
    Decimal("17.00") and " 17 " are one.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return _number(Decimal(repr(value)))
        case Decimal():
            return _number(value)
    return str(value).strip()


def _number(value: Decimal) -> str:
    if not value:
        return "0"
    if abs(value.adjusted()) > _DIGITS:
        return str(value)
    written = f"{value:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written
