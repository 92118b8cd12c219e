"""Each pack's task on real sets: `python -m bench.packs --data FOLDER`.

The runs are those of `bench.quality`, in the same folder, so that none is made twice; two sets are asked here alone.
The table goes to docs/results.md.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench.quality import NGRAMS, SETS, Set, rows, run, run_folder
from bench.tables import replace_section, table

HERE_ALONE = (
    Set("", "negative", "finnsp_negative_zh.jsonl.gz", "negative", ("macro_f1", "auc"), "", NGRAMS, "zh"),
    Set("", "product", "cfpb_product_en.jsonl.gz", None, ("accuracy", "macro_f1"), ""),
)

PACKS: Mapping[str, tuple[str, ...]] = {
    "loan": ("lc_loans_2007_2011_en",),
    "fraud": ("fbs_sms_zh", "sms_spam_en"),
    "credit": ("lc_loans_2007_2011_en",),
    "market": ("finese_event_zh", "finnsp_negative_zh", "tfns_sentiment_en"),
    "service": ("banking77_intent_en", "cfpb_product_en"),
}
"""The sets of each pack. `credit` is read off the fields: its row is the floor `fields` of the loans' run."""


def sets_of(pack: str) -> list[Set]:
    """A pack's sets, with the pack as their row."""
    known = {one.file.split(".")[0]: one for one in (*HERE_ALONE, *reversed(SETS))}
    return [replace(known[name], row=pack) for name in PACKS[pack]]


def main() -> None:
    """Run what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--out", type=Path, default=Path("build/quality"), help="where runs are kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--only", nargs="+", choices=PACKS, default=list(PACKS), help="packs, such as fraud market")
    parser.add_argument("--table", action="store_true", help="run nothing; write the table of what was run")
    options = parser.parse_args()
    lines: list[list[str]] = []
    for pack in options.only:
        for one in sets_of(pack):
            seeds = [
                seed
                for seed in options.seeds
                if not options.table or (run_folder(one, seed, options.out) / "metrics.json").exists()
            ]
            for seed in seeds:
                print(f"{pack} {one.file} seed {seed}", flush=True)
            if seeds:
                lines += rows(one, [run(one, options.data, seed, options.out) for seed in seeds])
    body = table(["pack", "set", "model", "test, mean ± sd over seeds", "tuning / whole run", "bundle", "aim"], lines)
    print(body)
    if options.table or options.only == list(PACKS):
        replace_section("packs", body)


if __name__ == "__main__":
    main()
