"""What models read, in training and live: one function, and the version that bundles seal."""

from fengkong.text.alignment import CleanText
from fengkong.text.masking import mask
from fengkong.text.normalising import normalise

__all__ = ["CLEANING_VERSION", "clean"]

CLEANING_VERSION = "1"
"""Raised whenever `clean` answers another text for any input; a bundle of another version refuses to load."""


def clean(text: str) -> CleanText:
    """The text normalised and with its identifiers masked. Cleaning a clean text changes nothing."""
    return mask(normalise(text))
