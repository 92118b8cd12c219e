from .domain import Document as Document
from .domain import Example as Example

__version__: str
