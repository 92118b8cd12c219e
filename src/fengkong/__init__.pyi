from .assembly import Settings as Settings
from .assembly import load as load
from .domain import Decision as Decision
from .domain import Document as Document
from .domain import Example as Example
from .domain import Fact as Fact
from .domain import FengkongError as FengkongError
from .domain import Finding as Finding
from .domain import Outcome as Outcome
from .domain import Reason as Reason
from .domain import Signal as Signal
from .domain import Span as Span
from .domain import Trace as Trace
from .rules import RuleSet as RuleSet
from .scoring import FakeScorer as FakeScorer

__version__: str
