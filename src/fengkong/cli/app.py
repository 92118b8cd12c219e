"""`fengkong`: the commands, and the one place where an error becomes a sentence and an exit code.

Exit codes: 0 done; 1 a check found errors, a replay a difference, or an import what it refused; 2 wrong usage; 3 the
input, the settings or the rules can't be used; 4 a bundle or base model can't be used; 5 the machine failed (disk,
engine); 130 interrupted.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import fengkong
from fengkong.cli.audit import audit
from fengkong.cli.bundle import bundle
from fengkong.cli.check import check
from fengkong.cli.comparing import backtest, shadow
from fengkong.cli.decide import decide
from fengkong.cli.demo import demo
from fengkong.cli.evaluate import evaluate
from fengkong.cli.events import events
from fengkong.cli.explain import explain
from fengkong.cli.graph import graph
from fengkong.cli.importing import importing
from fengkong.cli.letter import letter
from fengkong.cli.mine import mine
from fengkong.cli.models import models
from fengkong.cli.new import new
from fengkong.cli.policy import policy
from fengkong.cli.pretrain import pretrain
from fengkong.cli.rate import rate
from fengkong.cli.replay import replay
from fengkong.cli.score import score
from fengkong.cli.search import search
from fengkong.cli.snooze import snooze
from fengkong.cli.terminal import visible
from fengkong.cli.thresholds import thresholds
from fengkong.cli.together import together
from fengkong.cli.train import train
from fengkong.domain.errors import BaseModelError, BundleError, FacilityError, FengkongError, SettingsError

__all__ = ["app", "exit_code", "main"]

TRAIN_EXTRA = {
    *("altair", "huggingface_hub", "jinja2", "onnx", "onnxscript", "optuna", "peft", "safetensors", "sklearn", "torch"),
    *("transformers", "vl_convert"),
}
"""The modules of the extra's packages, as pyproject.toml lists them."""
INSTALL_TRAIN = "install it with: pip install 'fengkong[train]'"


class _Commands(TyperGroup):
    """Runs a command; what a person can act on becomes one sentence and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()  # a reader that has gone away is noticed here, not while Python ends
        except FengkongError as error:
            raise _told(error) from error
        except ModuleNotFoundError as error:
            if (missing := (error.name or "").partition(".")[0]) not in TRAIN_EXTRA:
                raise
            raise _told(
                SettingsError("this needs a package of the train extra", received=missing, cure=INSTALL_TRAIN)
            ) from error
        except KeyboardInterrupt as error:
            typer.echo("fengkong: interrupted", err=True)
            raise typer.Exit(130) from error
        except BrokenPipeError as error:
            # What is still buffered can't be written either; Python would complain of it while it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from error
        return done


app = typer.Typer(
    name="fengkong",
    cls=_Commands,
    help="Fine-tune language models on labelled financial text; turn new text into risk decisions with reasons.",
    epilog="Start with: fengkong demo, or: fengkong new loan my-risk && cd my-risk && fengkong train",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: tuple[Callable[..., None], ...] = (
    *(demo, new, check, models, pretrain, search, rate, train, together, evaluate, score, decide, explain),
    *(events, snooze, backtest, shadow, replay, thresholds, letter),
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(bundle, name="bundle")
app.add_typer(importing, name="import")
app.add_typer(mine, name="mine")
app.add_typer(policy, name="policy")
app.add_typer(graph, name="graph")
app.add_typer(audit, name="audit")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fengkong {fengkong.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Fine-tune language models on labelled financial text; turn new text into risk decisions with reasons."""


def _told(error: FengkongError) -> typer.Exit:
    """Say an error, to machines too where they asked, and return the end that it means."""
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": error.to_dict()}, ensure_ascii=False))
    typer.echo(f"fengkong: {visible(error.sentence)}", err=True)
    return typer.Exit(exit_code(error))


def exit_code(error: FengkongError) -> int:
    """The exit code of a kind of error, as the module's head lists them."""
    match error:
        case BundleError() | BaseModelError():
            return 4
        case FacilityError():
            return 5
        case _:
            return 3


def main() -> None:
    """Run the command line."""
    app()
