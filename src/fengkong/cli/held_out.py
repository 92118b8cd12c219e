"""Labelled examples to measure a bundle on: those that it was not trained on, or a warning that it was."""

from collections.abc import Mapping
from typing import Literal

from fengkong import assembly, scoring, training
from fengkong.cli.data import read_examples
from fengkong.cli.terminal import draw_findings, progress_out
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.domain.findings import Finding, Severity

__all__ = ["Part", "examples_of_file", "examples_of_training"]

Part = Literal["train", "dev", "test", "all"]

LEARNED = Finding(
    "T004",
    Severity.WARNING,
    "the bundle was trained on these examples, so the figures are too good",
    cure="name a file of examples that it has not seen",
)


def examples_of_training(
    bundle: "scoring.Bundle", reads: Mapping[str, "assembly.DataSettings"], question: str, part: Part
) -> list[Example]:
    """A split of the data that the bundle was trained on, as it was then. Raises InputError where it is other data.

    reads: how the data of each question that the bundle answers are read.
    """
    examples = {name: read_examples(data) for name, data in reads.items()}
    splits = training.splits_as_trained(bundle, examples, reads[question].split)
    if splits is None:
        raise InputError(
            "these are not the examples that the bundle was trained on, so what is new to it can't be told",
            where=reads[question].source,
            cure="name a file of examples that it has not seen, or train again",
        )
    return [ex for name, split in splits[question] for ex in split if part in (name, "all")]


def examples_of_file(
    bundle: "scoring.Bundle", data: "assembly.DataSettings", question: str, part: Part = "all"
) -> list[Example]:
    """The examples of a file; where the bundle learned from them, that is said."""
    examples = read_examples(data)
    if part != "test" and training.splits_as_trained(bundle, {question: examples}, data.split):
        progress_out.print(*draw_findings([LEARNED]), sep="\n")
    return [ex for ex in examples if part in (ex.split, "all")]
