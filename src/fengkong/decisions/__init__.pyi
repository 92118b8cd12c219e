from .decider import Decider as Decider
from .policy import Conclusion as Conclusion
from .policy import Policy as Policy
from .records import decision_from_record as decision_from_record
from .records import document_from_record as document_from_record
