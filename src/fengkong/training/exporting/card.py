"""The model card of a bundle: what the model is for, what it was made from, how good it is, and its limits.

After Mitchell et al. 2019, "Model Cards for Model Reporting", with the head that model hubs read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from fengkong.scoring.manifest import GRAPH, NGRAMS, Head, Manifest
from fengkong.training.exporting.parity import ParityReport

__all__ = ["ModelCard"]

_PIPELINES = {
    "classification": "text-classification",
    "ordinal": "text-classification",
    "multilabel": "text-classification",
    "regression": "text-classification",
    "entities": "token-classification",
}
"""The hub's name of each kind of task."""

_LIMITS = """- It knows the kinds of text that it was trained on. On others its probabilities mean little.
- {reads}
- Names and addresses in texts are not masked; telephone numbers, e-mail addresses, ids, cards and accounts are.
- Test it for unequal treatment of groups before it takes part in decisions on people."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A card filled from what the manifest knows and how the export went."""

    manifest: Manifest
    parity: ParityReport

    def to_markdown(self) -> str:
        """The card as Markdown with YAML front matter."""
        parts = [
            self._front_matter(),
            f"# {', '.join(head.name for head in self.manifest.heads)}",
            self._purpose(),
            "## Use\n\n" + self._use(),
            "## Limits\n\n" + _LIMITS.format(reads=self._reads()),
            "## Figures\n\n" + _listed(self.manifest.metrics, empty="No figures were recorded."),
            "## Training\n\n" + _listed(self.manifest.training, empty="Nothing was recorded."),
            "## Export\n\n" + self.parity.sentence,
        ]
        return "\n\n".join(parts) + "\n"

    def _front_matter(self) -> str:
        # A JSON string is a YAML string.
        head = {
            "library_name": "fengkong",
            "pipeline_tag": _PIPELINES[self.manifest.heads[0].task],
            "language": self.manifest.language,
            "tags": [*(["onnx"] if GRAPH in self.manifest.blend else []), self.manifest.precision],
        }
        return "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items()) + "---"

    def _purpose(self) -> str:
        manifest = self.manifest
        fields = (
            f" Beside the text it reads {len(manifest.fields)} fields: "
            + ", ".join(f"`{spec.name}`" for spec in manifest.fields)
            + "."
            if manifest.fields
            else ""
        )
        return " ".join(map(_question, manifest.heads)) + fields

    def _reads(self) -> str:
        if GRAPH not in self.manifest.blend:
            return "It knows words and runs of characters; their order beyond two words says nothing to it."
        limit = (
            f"It reads {self.manifest.max_tokens} tokens of a text; what is beyond is counted (`unread`) and not read"
        )
        share = self.manifest.blend.get(NGRAMS)
        return f"{limit}, but for its n-grams, whose part in the answer is {share:.0%}." if share else f"{limit}."

    def _use(self) -> str:
        lines = [
            *(
                f"- Probabilities of `{head.name}` are calibrated: logits are divided by the temperature "
                f"{head.temperature:.4g}."
                for head in self.manifest.heads
                if head.task != "regression"
            ),
            f"- Texts are cleaned as version {self.manifest.cleaning} does it; another version refuses to load.",
        ]
        lines += [
            f"- Below {bands.review_from:.3g} approve, from {bands.decline_from:.3g} on decline, between review: "
            "the cheapest bands for the costs given at training."
            for head in self.manifest.heads
            if (bands := head.thresholds)
        ]
        return "\n".join(lines)


def _question(head: Head) -> str:
    """What one head answers, as a sentence."""
    labels = ", ".join(f"`{label}`" for label in head.labels)
    answer = {
        "classification": f"one of {labels}",
        "ordinal": f"one of {labels}, from the lowest to the highest",
        "multilabel": f"any of {labels}",
        "regression": "a number",
        "entities": f"the stretches that are {labels}",
    }[head.task]
    positive = f" Rules read the probability of `{head.positive}`." if head.positive else ""
    return f"Answers the signal `{head.name}` for a text: {answer}.{positive}"


def _listed(values: Mapping[str, JsonValue], *, empty: str) -> str:
    """Plain values as a list, one line each; longer ones stay in the manifest."""
    lines = [f"- {key}: {_shown(value)}" for key, value in values.items() if not isinstance(value, (dict, list))]
    return "\n".join(lines) or empty


def _shown(value: JsonValue) -> str:
    return f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
