"""Groups under one control, and what is owed or guaranteed within them."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice

from fengkong.knowledge.views import GraphView

__all__ = ["control_group", "exposure"]

MAJORITY = Decimal("0.5")


def control_group(view: GraphView, start: int, most: int = 200) -> list[int]:
    """The entity, who controls it, and all that these control, the entity first.

    An owner of at least half controls, be it through companies under its own control that hold half together; so do
    several members of the group who hold half together. Of two statements about one holding the later counts; a share
    that is not known controls nothing. At most `most` members.
    """
    group, queue = {start: None}, deque([start])
    held: dict[int, Decimal] = {}
    while queue and len(group) < most:
        member = queue.popleft()
        joining = _controllers(view, member, most)
        for other, share in _shares(view, member, outward=True).items():
            held[other] = held.get(other, Decimal(0)) + share
            if held[other] >= MAJORITY:
                joining.append(other)
        for other in joining:
            if other not in group:
                group[other] = None
                queue.append(other)
    return list(group)[:most]


def _controllers(view: GraphView, company: int, most: int) -> list[int]:
    """Who holds at least half of a company, with what those hold whom each controls; looks at `most` owners."""
    holds: dict[int, Decimal] = {}
    for owner, share in islice(_shares(view, company, outward=False).items(), most):
        for controller in _chain(view, owner, most):
            holds[controller] = holds.get(controller, Decimal(0)) + share
    return [owner for owner, share in holds.items() if share >= MAJORITY and owner != company]


def _chain(view: GraphView, owner: int, most: int) -> Iterable[int]:
    """The owner, and those who control it by majorities, one above the other."""
    chain = [owner]
    for above in chain:  # grows while it is walked
        if len(chain) >= most:
            break
        owners = _shares(view, above, outward=False)
        chain += [other for other, share in owners.items() if share >= MAJORITY and other not in chain]
    return chain


def _shares(view: GraphView, number: int, *, outward: bool) -> dict[int, Decimal]:
    """What an entity holds of others, or others of it, by the last statement on each; 0 where that is not known."""
    steps = view.steps(number, view.kinds(["owns"]), outward=outward)
    return {step.other: step.value or Decimal(0) for step in steps}


def exposure(
    view: GraphView, members: Iterable[int], kinds: Iterable[str] = ("guarantees", "borrows")
) -> Decimal | None:
    """The sum of what the members borrow and guarantee; None where an amount is not known.

    Of several statements about one debt, from whom to whom, the last counts: one loan stands in many documents. Several
    contracts between two parties are told apart by naming the account of each as the end.
    """
    wanted = view.kinds(kinds)
    total = Decimal(0)
    for member in members:
        last = {(step.kind, step.other): step.value for step in view.steps(member, wanted, outward=True)}
        for value in last.values():
            if value is None:
                return None
            total += value
    return total
