from .decider import Decider as Decider
from .literals import check_literals as check_literals
from .policy import Conclusion as Conclusion
from .policy import Policy as Policy
from .records import decision_from_record as decision_from_record
from .records import document_from_record as document_from_record
from .sources import FactSource as FactSource
