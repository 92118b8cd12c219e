"""One pre-training from beginning to end: texts and a base in, a folder that is a base out."""

import math
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import torch

from fengkong.domain.canonical import digest
from fengkong.text.cleaning import clean
from fengkong.training.bases.finding import Download
from fengkong.training.bases.loading import BaseModel
from fengkong.training.pretraining.card import PretrainingCard
from fengkong.training.pretraining.corpus import RawCorpus, Rows, pack_corpus
from fengkong.training.pretraining.loop import learn_masked, pretrain_masked
from fengkong.training.pretraining.masking import Masker
from fengkong.training.pretraining.model import MaskedModel
from fengkong.training.pretraining.plan import (
    Pretraining,
    evaluation_steps,
    evaluations_within,
    make_plan,
    rows_of_step,
)
from fengkong.training.pretraining.start import load_start
from fengkong.training.pretraining.state import PretrainingState, start_pretraining
from fengkong.training.pretraining.work_folder import WorkFolder
from fengkong.training.pretraining.writing import check_free, write_base
from fengkong.training.progress import Event
from fengkong.training.tuning.checkpoint import checkpointed, load_checkpoint

__all__ = ["Preparing", "PretrainingEvent", "PretrainingResult", "Provenance", "pretrain"]

TRIAL_SECONDS = 5.0
TRIAL_STEPS = 50


@dataclass(frozen=True, slots=True)
class Preparing:
    """What is being done before the first step, where it takes a while."""

    what: str


PretrainingEvent = Event | Preparing | RawCorpus | Download


@dataclass(frozen=True)
class Provenance:
    """What the base's page says of where it comes from.

    corpus: its name. licence: of the corpus, and so of the base, as the user states it; "" where nothing is stated.
    command: that made it.
    """

    corpus: str = ""
    licence: str = ""
    command: str = ""


@dataclass(frozen=True)
class PretrainingResult:
    """What came of it.

    tokens_read: of all steps. seconds: of training steps. curve: pairs of tokens read and perplexity on held-out
    documents, of hidden words, from before the first step to after the last.
    """

    folder: Path
    corpus: RawCorpus
    steps: int
    tokens_read: int
    seconds: float
    curve: tuple[tuple[int, float], ...]


def pretrain(
    asked: Pretraining,
    texts: Iterable[str],
    out: str | Path,
    *,
    provenance: Provenance = Provenance(),
    resume: bool = False,
    device: str | None = None,
    checkpoint_seconds: float = 60.0,
    tell: Callable[[PretrainingEvent], None] = lambda _: None,
) -> PretrainingResult:
    """Pre-train by masked-language modelling and write a base that `load_base` takes.

    texts: raw documents. resume: go on with what an interruption left, if it left something; the end is that of an
    uninterrupted run. device: "cpu" or "cuda"; a GPU where there is one when None.
    Raises SettingsError (folder taken, unfinished work of other settings), InputError (no text to learn from),
    BaseModelError (a base that does not fill in words) and FacilityError (disk full); a checkpoint is never lost.
    """
    out = Path(out)
    check_free(out)
    tell(Preparing("reading and cleaning the text"))
    read = [clean(text).text for text in texts]
    different = list(dict.fromkeys(read))
    identity, work = digest([asdict(asked), different]), WorkFolder(out)
    with work.entered(identity, resume=resume):
        if asked.new_vocabulary is not None and not work.start.exists():
            tell(Preparing(f"learning a vocabulary of {asked.new_vocabulary:,} tokens at most"))
        base = load_start(asked, different, work.start, tell=tell)
        masker = Masker(base.tokenizer, name=base.name)
        length = min(asked.max_tokens, base.max_tokens)
        tell(Preparing("packing the documents"))
        corpus, rows = pack_corpus(different, base, length, twice=len(read) - len(different), seed=asked.seed)
        tell(corpus)
        trainer = _Trainer(asked, base, rows, masker, device or ("cuda" if torch.cuda.is_available() else "cpu"))
        state = trainer.start(work.steps(trainer.steps))
        run = digest([identity, base.sha256])
        if work.checkpoint.exists():
            load_checkpoint(state, work.checkpoint, run=run)
        with closing(pretrain_masked(state, rows.train, rows.held_out, masker)) as events:
            for event in checkpointed(events, state, work.checkpoint, run=run, every=checkpoint_seconds):
                tell(event)
        result = _result(state, corpus, out, state.plan.rows * rows.train.length)
        page = _page(asked, base, result, provenance)
        write_base(state.model, base, page, out, work=work.path)
    return result


def _page(asked: Pretraining, base: BaseModel, result: PretrainingResult, provenance: Provenance) -> str:
    return PretrainingCard(
        name=result.folder.name,
        corpus=provenance.corpus,
        licence=provenance.licence,
        begun_with=_begun_with(asked),
        base_licence=base.licence,
        documents=result.corpus.documents,
        tokens=result.corpus.tokens,
        held_out=result.corpus.held_out,
        steps=result.steps,
        curve=result.curve,
        seconds=result.seconds,
        command=provenance.command,
    ).text()


@dataclass(frozen=True)
class _Trainer:
    """Makes states to train, all alike, and tells how many steps are to be made."""

    asked: Pretraining
    base: BaseModel
    rows: Rows
    masker: Masker
    device: str

    @property
    def rows_a_step(self) -> int:
        return rows_of_step(self.asked, self.rows.train.length, len(self.rows.train), device=self.device)

    def start(self, steps: int) -> PretrainingState:
        model = MaskedModel(self.base, seed=self.asked.seed).to(self.device)
        held_out, rows = len(self.rows.held_out), self.rows_a_step
        return start_pretraining(model, make_plan(self.asked, steps, rows=rows, held_out=held_out, device=self.device))

    def steps(self) -> int:
        if self.asked.steps is not None:
            return self.asked.steps
        if self.asked.epochs is not None:
            return math.ceil(self.asked.epochs * len(self.rows.train) / self.rows_a_step)
        return self._steps_within(60 * (self.asked.minutes or 0.0))

    def _steps_within(self, seconds: float) -> int:
        """How many steps, with the evaluations between them, take so long, by a trial that is thrown away."""
        state = self.start(TRIAL_STEPS)
        state.model.train()
        learn_masked(state, self.rows.train, self.masker)  # the first is slower
        began = perf_counter()
        while perf_counter() - began < TRIAL_SECONDS and not state.over:
            learn_masked(state, self.rows.train, self.masker)
        a_step = (perf_counter() - began) / (state.step - 1)
        whole, evaluation = seconds / a_step, evaluation_steps(self.rows_a_step, len(self.rows.held_out))
        return max(1, int(whole - (1 + evaluations_within(whole, evaluation)) * evaluation))


def _result(state: PretrainingState, corpus: RawCorpus, out: Path, step_tokens: int) -> PretrainingResult:
    curve = tuple((step * step_tokens, math.exp(loss)) for step, loss in state.curve)
    return PretrainingResult(out, corpus, state.step, state.step * step_tokens, state.seconds, curve)


def _begun_with(asked: Pretraining) -> str:
    if asked.base is None:
        return f"nothing: a BERT of {asked.size} size, its vocabulary learnt from the corpus"
    return asked.base + (", its layers with a vocabulary learnt from the corpus" if asked.vocabulary else "")
