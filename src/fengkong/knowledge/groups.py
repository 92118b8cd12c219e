"""Groups under one control, and what is owed or guaranteed within them."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

from fengkong.knowledge.views import GraphView

__all__ = ["control_group", "exposure"]

MAJORITY = Decimal("0.5")


def control_group(view: GraphView, start: int, most: int = 200) -> list[int]:
    """The entity, who controls it, and all that these control, the entity first.

    An owner of at least half controls; so do several members of the group who hold half together. Of two statements
    about one holding the later counts; a share that is not known controls nothing. At most `most` members.
    """
    owns = view.kinds(["owns"])
    group, queue = {start: None}, deque([start])
    held: dict[int, Decimal] = {}
    while queue and len(group) < most:
        member = queue.popleft()
        owners = {step.other: step.value for step in view.steps(member, owns, outward=False)}
        owned = {step.other: step.value for step in view.steps(member, owns, outward=True)}
        joining = [other for other, share in owners.items() if share is not None and share >= MAJORITY]
        for other, share in owned.items():
            held[other] = held.get(other, Decimal(0)) + (share or 0)
            if held[other] >= MAJORITY:
                joining.append(other)
        for other in joining:
            if other not in group:
                group[other] = None
                queue.append(other)
    return list(group)[:most]


def exposure(
    view: GraphView, members: Iterable[int], kinds: Iterable[str] = ("guarantees", "borrows")
) -> Decimal | None:
    """The sum of what the members borrow and guarantee; None where an amount is not known."""
    wanted = view.kinds(kinds)
    total = Decimal(0)
    for member in members:
        for step in view.steps(member, wanted, outward=True):
            if step.value is None:
                return None
            total += step.value
    return total
