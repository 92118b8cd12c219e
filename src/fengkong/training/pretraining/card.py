"""The page of a pre-trained base: what it is, what it read, how well it came to know it, and under which terms."""

from dataclasses import dataclass

import yaml

__all__ = ["PretrainingCard"]


@dataclass(frozen=True)
class PretrainingCard:
    """What the page says.

    corpus: its name. licence: of the corpus, as the user states it; "" where nothing is stated. base_licence: of what
    it was begun with, "" where it states none. documents, tokens: of the corpus. held_out: documents measured on.
    curve: pairs of tokens read and perplexity.
    """

    name: str
    corpus: str
    licence: str
    begun_with: str
    base_licence: str
    documents: int
    tokens: int
    held_out: int
    steps: int
    curve: tuple[tuple[int, float], ...]
    seconds: float
    command: str

    def text(self) -> str:
        """The page, in Markdown, with the licence at its head where the hub's model cards have it."""
        head = {"tags": ["fengkong", "fill-mask"], **({"license": self.licence} if self.licence else {})}
        front = yaml.safe_dump(head, allow_unicode=True, sort_keys=False)
        lines = [
            f"---\n{front}---\n# {self.name}\n",
            "An encoder pre-trained by masked-language modelling, to be tuned on a task: name this folder as `base` in "
            "a recipe. Texts were cleaned as fengkong cleans them: normalised, identifiers masked.\n",
            *(f"- {name}: {value}" for name, value in self._facts()),
            "\n## Perplexity on held-out documents, of hidden words\n",
            "| tokens read | perplexity |\n|---|---|",
            *(f"| {tokens:,} | {perplexity:,.2f} |" for tokens, perplexity in self.curve),
        ]
        return "\n".join(lines) + "\n"

    def _facts(self) -> list[tuple[str, str]]:
        facts = [
            ("corpus", f"{self.corpus}, {self.documents:,} documents of {self.tokens:,} tokens"),
            ("licence of the corpus", self.licence or "not stated by who trained this"),
            ("begun with", self.begun_with + (f" ({self.base_licence})" if self.base_licence else "")),
            ("tokens read", f"{self.curve[-1][0]:,} in {self.steps:,} steps"),
            ("held out", f"{self.held_out:,} documents"),
            ("time", f"{self.seconds / 60:.1f} minutes of training steps"),
        ]
        return [*facts, ("command", f"`{self.command}`")] if self.command else facts
