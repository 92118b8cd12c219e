"""A small Chinese encoder from raw text, and what it is worth: `python -m bench.pretrain --data FOLDER --minutes 120`.

Pre-trains within the minutes, then tunes the encoder on finfe_sentiment_zh beside n-grams (the floor of every run), and
prints both with the perplexities. Resumable: run again, it goes on where it was stopped. `--task-texts` adds the
training texts, without labels, of the Chinese sets that are measured (Gururangan et al. 2020, Don't Stop Pretraining).
"""

import argparse
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.quality import CHINESE, Set, progress, rows, run
from bench.tables import table
from fengkong import corpus, training

CORPORA = ("corpus_laws_zh", "corpus_finance_zh")
LICENCES = {
    "corpus_laws_zh": "public domain",
    "corpus_finance_zh": "mixed, in part non-commercial",
    "task-texts": "of the sets",
}


def pretrained(options: argparse.Namespace) -> Path:
    """The encoder's folder, made now or earlier; its name tells what was asked for."""
    begun = options.layers_of or options.size
    parts = [*options.corpus, *(["task-texts"] if options.task_texts else [])]
    folder: Path = options.out / f"zh-{begun}-{'-'.join(parts)}-{options.steps or f'{options.minutes:g}m'}"
    if folder.exists():
        return folder
    asked = training.Pretraining(
        base=options.layers_of,
        size=options.size,
        vocabulary=options.vocabulary,
        minutes=None if options.steps else options.minutes,
        steps=options.steps,
    )
    licence = "; ".join(dict.fromkeys(LICENCES[part] for part in parts))
    command = shlex.join(["python", "-m", "bench.pretrain", *sys.argv[1:]])
    provenance = training.Provenance(", ".join(parts), licence, command)
    training.pretrain(asked, texts(parts, options.data), folder, provenance=provenance, resume=True, tell=show)
    return folder


def texts(parts: Sequence[str], data: Path) -> Iterator[str]:
    """The documents of the corpora, then what is asked for of the labelled sets: their training texts alone."""
    for part in parts:
        if part in CORPORA:
            yield from training.read_texts(str(data / f"{part}.jsonl.gz"))
            continue
        for one in CHINESE:
            examples = corpus.read_examples(data / one.file, corpus.Columns(group=""))
            yield from (ex.text for ex in corpus.split_examples(examples, how="given").train)


def show(event: object) -> None:
    """What was read and measured, a line each, and every fiftieth step."""
    match event:
        case training.PretrainingStep() if event.step % 50 == 0:
            pace = f"{event.tokens_per_second:,.0f} tokens/s, {event.seconds_left / 60:.0f} min left"
            print(f"  step {event.step} of {event.steps}: loss {event.loss:.3f}, {pace}", flush=True)
        case training.Preparing() | training.RawCorpus():
            print(f"  {event}", flush=True)
        case _:
            progress(event)


def main() -> None:
    """Make what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--out", type=Path, default=Path("build/pretrain"), help="where bases and runs are kept")
    parser.add_argument("--minutes", type=float, default=120.0, help="of pre-training")
    parser.add_argument("--steps", type=int, help="of pre-training, in place of minutes")
    parser.add_argument("--size", choices=["small", "medium"], default="small")
    parser.add_argument("--layers-of", help="take the layers of this base, such as minilm, in place of random ones")
    parser.add_argument("--vocabulary", type=int, default=12_000)
    parser.add_argument("--corpus", nargs="+", choices=CORPORA, default=list(CORPORA))
    parser.add_argument("--task-texts", action="store_true", help="add the training texts of the Chinese sets")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    base = pretrained(options)
    print((base / "README.md").read_text(encoding="utf-8").partition("---\n# ")[2])
    recipe = {"base": str(base), "model": "tuned", "max_tokens": 128}
    one = Set("Q8", "sentiment", "finfe_sentiment_zh.jsonl.gz", None, ("accuracy", "macro_f1"), "", recipe, "zh")
    runs = [run(one, options.data, seed, options.out) for seed in options.seeds]
    header = ["row", "set", "model", "on test", "tuning / all", "bundle", "aim"]
    print(table(header, rows(one, runs)))


if __name__ == "__main__":
    main()
