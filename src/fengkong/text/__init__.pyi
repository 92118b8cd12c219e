from .alignment import CleanText as CleanText
from .cleaning import CLEANING_VERSION as CLEANING_VERSION
from .cleaning import clean as clean
from .masking import mask_identifiers as mask_identifiers
from .normalising import normalise as normalise
from .units import units as units
