"""Where the field head starts: at the best linear model of the fields alone.

That model is convex and takes a second; steps of stochastic descent beside an encoder would need many more epochs to
find it. Tuning starts from it, and has only to add what the text knows beyond the fields.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from fengkong.training.encoding import Encoded
from fengkong.training.networks.classifier import FieldHead

__all__ = ["start_field_head"]

PENALTIES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
"""Strengths of the L2 penalty per mean log loss, from smooth to sharp."""
MOST_ITERATIONS = 100

Loss = Callable[[Tensor, Tensor], Tensor]


def start_field_head(head: FieldHead, train: Encoded, dev: Encoded, loss_of: Loss) -> None:
    """Set the linear path to the penalised linear model of the targets on the fields whose loss on dev is least.

    loss_of: of logits and targets; by cross-entropy the model is the multinomial logistic regression.

    Fitted with L-BFGS (Liu & Nocedal 1989) from zero, hence the same on every run.
    """
    fields, targets = _tensors(train)
    dev_fields, dev_targets = _tensors(dev)
    lowest = torch.inf
    for penalty in PENALTIES:
        fitted = _linear_model(fields, targets, head.wide.out_features, penalty, loss_of)
        with torch.no_grad():
            loss = float(loss_of(fitted(dev_fields), dev_targets))
        if loss >= lowest:
            break  # sharper only fits the noise of train
        lowest = loss
        head.wide.load_state_dict(fitted.state_dict())


def _linear_model(fields: Tensor, targets: Tensor, count: int, penalty: float, loss_of: Loss) -> nn.Linear:
    model = nn.Linear(fields.shape[1], count)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=MOST_ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = loss_of(model(fields), targets) + penalty * model.weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return model


def _tensors(encoded: Encoded) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(encoded.fields), torch.from_numpy(encoded.targets)
