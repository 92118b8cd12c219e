"""Keys of a recipe that change nothing beside its other keys: told, since whoever set one believes that it counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fengkong.domain.documents import Place
from fengkong.domain.findings import Finding, Severity
from fengkong.training.recipe import Recipe

__all__ = ["IdleKey", "idle_findings", "idle_keys"]

LAYERED = ("full", "top", "bitfit")
"""The ways by which weights of the base itself learn (`Way.tunes_base`), hence some layers slower than others.

Named here, so that checking a recipe does not wait for torch; a test holds the two equal.
"""
UNTUNED = ("ngrams", "frozen")
"""The models in which no step is taken: each is the best of a convex problem."""
OF_STEPS = (
    *("way", "top_layers", "rank", "virtual_tokens", "bottleneck", "epochs", "min_steps", "batch_tokens", "optimiser"),
    *("learning_rate", "schedule", "warmup", "accumulation", "weight_decay", "layer_decay", "dropout", "clip_norm"),
    *("averaging", "average", "patience", "gradient_checkpointing", "loss", "focusing", "label_smoothing"),
    *("class_weights", "cost_matrix"),
)
OF_PASSES = (
    *("epochs", "min_steps", "batch_tokens", "accumulation", "patience", "schedule", "warmup", "averaging", "average"),
    *("loss", "focusing", "label_smoothing", "class_weights", "cost_matrix"),
)
"""Keys of passes over the texts with a loss of their labels; learning from pairs has neither."""
OF_THE_BASE = ("base", "max_tokens", "windows", "overlap", "window_pooling", "pooling", "precision")


@dataclass(frozen=True, slots=True)
class IdleKey:
    """A key that was set for nothing, its value, and beside which other key's value it is idle ("way = 'full'")."""

    key: str
    value: str
    beside: str

    @property
    def why(self) -> str:
        """As the report says it."""
        return f"has no effect with {self.beside}"


@dataclass(frozen=True)
class _Rule:
    """keys: idle unless the recipe, with a kind of task, `uses` them; beside: the key to blame."""

    keys: tuple[str, ...]
    uses: Callable[[Recipe, str], bool]
    beside: str


RULES = (
    _Rule(OF_STEPS, lambda recipe, _: recipe.model not in UNTUNED, "model"),
    _Rule(OF_THE_BASE, lambda recipe, _: recipe.model != "ngrams", "model"),
    _Rule(OF_PASSES, lambda recipe, _: recipe.model != "contrastive", "model"),
    _Rule(("minutes",), lambda recipe, _: recipe.model in ("auto", "contrastive"), "model"),
    _Rule(("focusing",), lambda recipe, _: recipe.loss == "focal", "loss"),
    _Rule(("top_layers",), lambda recipe, _: recipe.way == "top", "way"),
    _Rule(("rank",), lambda recipe, _: recipe.way in ("lora", "adalora"), "way"),
    _Rule(("virtual_tokens",), lambda recipe, _: recipe.way in ("prefix", "prompt"), "way"),
    _Rule(("bottleneck",), lambda recipe, _: recipe.way == "adapter", "way"),
    _Rule(("layer_decay",), lambda recipe, _: recipe.way in LAYERED, "way"),
    _Rule(("min_steps",), lambda recipe, _: recipe.epochs == "auto", "epochs"),
    _Rule(("average",), lambda recipe, _: recipe.averaging > 0, "averaging"),
    _Rule(("overlap", "window_pooling"), lambda recipe, _: recipe.windows > 1, "windows"),
    _Rule(("pooling", "window_pooling"), lambda _, task: task != "entities", "task"),
)


def idle_keys(recipe: Recipe, task: str = "") -> Iterator[IdleKey]:
    """The keys that differ from their default and play no part, each once, in the recipe's order.

    task: the kind that was found, where the recipe leaves it to "auto".
    """
    task = task or recipe.task
    usual = Recipe()
    for key in Recipe.model_fields:
        value = getattr(recipe, key)
        if value == getattr(usual, key):
            continue
        rule = next((rule for rule in RULES if key in rule.keys and not rule.uses(recipe, task)), None)
        if rule is not None:
            other = task if rule.beside == "task" else getattr(recipe, rule.beside)
            yield IdleKey(key, str(value), f"{rule.beside} = {other!r}")


def idle_findings(recipe: Recipe, task: str = "", *, file: str = "") -> Iterator[Finding]:
    """The same as findings (T006). file: the recipe's, where it was read from one."""
    for idle in idle_keys(recipe, task):
        yield Finding(
            "T006",
            Severity.WARNING,
            f"{idle.key} {idle.why}",
            Place(file, name=idle.key),
            cure=f"leave it out, or change {idle.beside.split(' ')[0]}",
        )
