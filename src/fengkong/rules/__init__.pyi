from .checking import check as check
from .cost import Budget as Budget
from .definition import Rule as Rule
from .ruleset import RuleSet as RuleSet
from .ruletable import RuleTable as RuleTable
from .types import Kind as Kind
from .types import Type as Type
from .windows import Window as Window
