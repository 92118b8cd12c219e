"""The facts of simulated texts: how a declared field is drawn, and how a text writes its value."""

from random import Random

from fengkong.corpus.simulation.wording import Wording
from fengkong.corpus.simulation.world import FieldModel
from fengkong.domain.documents import FieldValue

__all__ = ["draw", "slope", "written"]


def draw(rng: Random, model: FieldModel, name: str, wording: Wording) -> FieldValue:
    """One value of a field."""
    match model.kind:
        case "number":
            steps = (model.high - model.low) // model.step
            number = model.low + int(steps * rng.random() ** model.skew + 0.5) * model.step
            return number * wording.money_scale if model.money else number
        case "choice":
            return rng.choices(model.values, model.weights)[0]
        case "code":
            return "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in wording.codes[name])
        case "phrase":
            return wording.fill(rng, rng.choice(wording.slots[name]), {})


def written(value: FieldValue, model: FieldModel, name: str, wording: Wording) -> str:
    """A value as a text of that language says it."""
    if model.money and isinstance(value, int):
        return wording.amount(value)
    return wording.values.get(name, {}).get(str(value), str(value))


def slope(value: FieldValue, model: FieldModel, scale: int) -> float:
    """What a number adds to the log-odds of its label."""
    if model.effect is None or not isinstance(value, int):
        return 0.0
    beyond = value / (scale if model.money else 1) - model.effect.centre
    return max(-model.effect.limit, min(model.effect.limit, model.effect.slope * beyond))
