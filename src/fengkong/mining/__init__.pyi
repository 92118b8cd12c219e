from .cases import Cases as Cases
from .cases import past_cases as past_cases
from .scorecard import Scorecard as Scorecard
from .scorecard import scorecard as scorecard
