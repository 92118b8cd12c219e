"""What every kind of task can do; the loop, the export and the report ask nothing else of it."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from torch import Tensor

from fengkong.domain.documents import Example
from fengkong.scoring.manifest import TaskKind
from fengkong.training.encoding import Float32s
from fengkong.training.tasks.targets import Targets

__all__ = ["LOWER_IS_BETTER", "Kind"]

LOWER_IS_BETTER = frozenset({"loss", "rmse", "mae", "rank_error"})


class Kind(Protocol):
    """One kind of task on one set of labels. It knows what to learn; it doesn't know the network.

    task: its name in recipes and manifests. labels: in the order of the logits.
    metric, metric_why: the dev figure that picks the best state unless the recipe names one, and why it.
    """

    @property
    def task(self) -> TaskKind | Literal["together"]: ...  # noqa: D102 - see the class

    @property
    def labels(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def metric(self) -> str: ...  # noqa: D102

    @property
    def metric_why(self) -> str: ...  # noqa: D102

    def targets(self, examples: Sequence[Example]) -> Targets:
        """What is to be learnt of each, (texts, ...). Raises InputError for an example that can't be learnt from."""

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean loss of a batch of logits [texts, labels]; differentiable."""

    def dev_figures(self, logits: Float32s, targets: Targets) -> Mapping[str, float]:
        """Figures of logits (texts, labels) on dev, "loss" among them: what `metric` may name."""
