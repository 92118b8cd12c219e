"""Where the field head starts: at the best linear model of the fields alone.

That model is convex and takes a second; steps of stochastic descent beside an encoder would need many more epochs to
find it. Tuning starts from it, and has only to add what the text knows beyond the fields.
"""

import torch
from torch import Tensor, nn

from fengkong.training.encoding import Encoded
from fengkong.training.networks.classifier import FieldHead

__all__ = ["start_field_head"]

PENALTIES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4)
"""Strengths of the L2 penalty per mean log loss, from smooth to sharp."""
MOST_ITERATIONS = 100


def start_field_head(head: FieldHead, train: Encoded, dev: Encoded) -> None:
    """Set the linear path to the multinomial logistic regression of labels on fields whose log loss on dev is least.

    Fitted with L-BFGS (Liu & Nocedal 1989) from zero, hence the same on every run.
    """
    fields, labels = _tensors(train)
    dev_fields, dev_labels = _tensors(dev)
    lowest = torch.inf
    for penalty in PENALTIES:
        fitted = _logistic_regression(fields, labels, head.wide.out_features, penalty)
        with torch.no_grad():
            loss = float(nn.functional.cross_entropy(fitted(dev_fields), dev_labels))
        if loss >= lowest:
            break  # sharper only fits the noise of train
        lowest = loss
        head.wide.load_state_dict(fitted.state_dict())


def _logistic_regression(fields: Tensor, labels: Tensor, count: int, penalty: float) -> nn.Linear:
    model = nn.Linear(fields.shape[1], count)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=MOST_ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(fields), labels) + penalty * model.weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return model


def _tensors(encoded: Encoded) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(encoded.fields), torch.from_numpy(encoded.labels)
