"""Bad input at the command line: one clear sentence with place, finding and cure, the right exit code, nothing lost."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from fengkong.ledger import Ledger


def replace(file: str, old: str, new: str, count: int = -1) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, count), encoding="utf-8")

    return spoil


def write(file: str, content: str | bytes) -> Callable[[Path], None]:
    data = content if isinstance(content, bytes) else content.encode()
    return lambda folder: (folder / file).write_bytes(data) and None


def manifest(key: str, value: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "bundle" / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {key: value}), encoding="utf-8")

    return spoil


def nothing(folder: Path) -> None:
    """The command line itself is what is wrong."""


@dataclass(frozen=True)
class Case:
    name: str
    spoil: Callable[[Path], object]
    command: str
    code: int
    says: tuple[str, ...]


ROWS = "text,label\n" + "".join(f"letter number {n} of the year,{'ab'[n % 2]}\n" for n in range(60))
CASES = [
    Case("missing file", nothing, "decide nowhere.csv", 3, ("nowhere.csv: there is no such file; check the path.",)),
    Case(
        "slip in a file's name", nothing, "score bundle aplications.jsonl", 3, ("did you mean 'applications.jsonl'?",)
    ),
    Case("missing training data", nothing, "train -d nowhere.csv -o r", 3, ("nowhere.csv: there is no such file",)),
    Case("missing file to check", nothing, "check nowhere.yaml", 3, ("nowhere.yaml: the file does not exist",)),
    Case(
        "empty file", write("e.jsonl", ""), "decide e.jsonl", 3, ("e.jsonl: the file is empty; give one JSON object",)
    ),
    Case("empty table", write("e.csv", ""), "train -d e.csv -o r", 3, ("e.csv: the file is empty; give a header",)),
    Case("header alone", write("e.csv", "text,label\n"), "train -d e.csv -o r", 3, ("a header but no rows",)),
    Case(
        "UTF-16 without its mark",
        write("u.csv", ROWS.encode("utf-16-le")),
        "train -d u.csv -o r",
        3,
        ("u.csv: every other byte is zero", "save it again as UTF-8"),
    ),
    Case(
        "unknown kind", write("t.xlsx", "x"), "score bundle t.xlsx", 3, ("received '.xlsx'", "save it as one of .csv")
    ),
    Case(
        "missing column",
        write("c.csv", ROWS.replace("label", "lable", 1)),
        "train -d c.csv -o r",
        3,
        ("c.csv: no column for the label", "'text', 'lable'", "did you mean 'lable'?"),
    ),
    Case(
        "one class only",
        write("c.csv", ROWS.replace(",b\n", ",a\n")),
        "train -d c.csv -o r",
        3,
        ("train bears one label only, 'a'", "give examples of at least two labels"),
    ),
    Case(
        "all texts identical",
        write("c.csv", "text,label\n" + "the same,a\nthe same,b\n" * 30),
        "train -d c.csv -o r",
        3,
        ("of which 1 can be parted", "give at least 3 with different texts"),
    ),
    Case(
        "invalid UTF-8 in the middle",
        write("c.csv", ROWS.encode().replace(b"number 30", b"number \xff\xfe")),
        "train -d c.csv -o r",
        3,
        ("c.csv:32: not valid UTF-8", "0xff", "save the file as UTF-8"),
    ),
    Case("a label that is none", nothing, "explain --label bda", 3, ("bda", "did you mean 'bad'?")),
    Case("a fact without a value", nothing, "decide --text x --field amount", 3, ("--field", "'amount'", "add the =")),
    Case("a file and a text", nothing, "decide f.csv --text x", 3, ("can't be given together", "give one of them")),
    Case("a change without a value", nothing, "train --set epochs", 3, ("--set", "'epochs'", "add the =")),
    Case(
        "recipe typo",
        replace("recipe.toml", "epochs", "epocs"),
        "train",
        3,
        ("recipe.toml: the recipe has an unknown key (received epocs); did you mean 'epochs'?",),
    ),
    Case("recipe value", nothing, "train --set epochs=0", 3, ("--set", "'epochs'", "received 0", "it should be")),
    Case("recipe typo in a change", nothing, "train --set pooling=men", 3, ("--set", "'pooling'", '"men"', "'mean'")),
    Case(
        "recipe that is no TOML", write("recipe.toml", "base ="), "train", 3, ("recipe.toml: the recipe is not valid",)
    ),
    Case(
        "settings typo",
        replace("fengkong.toml", "ledger =", "leger ="),
        "decide",
        3,
        ("fengkong.toml: the setting is not known (received 'decisions.leger'); did you mean 'ledger'?",),
    ),
    Case(
        "rule with an unknown name",
        replace("rules.yaml", "signals.risk.p >= 0.80", "signals.rsk.p >= 0.80"),
        "decide",
        3,
        ("rules.yaml:", "signals.rsk", "did you mean"),
    ),
    Case(
        "rule with a wrong type",
        replace("rules.yaml", "employment_years < 1 and", 'employment_years < "one" and'),
        "decide",
        3,
        ("rules.yaml:", "integer", "text"),
    ),
    Case(
        "misspelt outcome",
        replace("rules.yaml", "then: decline", "then: decliine", 1),
        "decide",
        3,
        ("rules.yaml:", "decliine", "did you mean 'decline'?"),
    ),
    Case("bundle of another version", manifest("format", 1), "score", 4, ("manifest.json", "received 1")),
    Case("bundle changed", manifest("language", "zh"), "decide", 4, ("manifest.json", "was changed")),
    Case("changed bundle", replace("bundle/model_card.md", "#", "##", 1), "evaluate", 4, ("model_card.md", "changed")),
    Case(
        "missing part of a bundle",
        lambda folder: (folder / "bundle" / "tokenizer.json").unlink(),
        "explain",
        4,
        ("tokenizer.json", "missing"),
    ),
    Case("unknown part of a bundle", write("bundle/run.py", "1"), "bundle show", 4, ("run.py",)),
    Case(
        "no bundle there", nothing, "bundle show nowhere", 4, ("nowhere: there is no bundle folder; check the path.",)
    ),
    Case("missing base", nothing, "train --set base=./bases/bert", 4, ("received ./bases/bert", "a folder")),
    Case("misspelt base", nothing, "train --set base=minilmm", 4, ("received minilmm", "did you mean 'minilm'?")),
    Case("output of another kind", nothing, "score -o scores.xlsx", 3, ("'.xlsx'", "change the suffix")),
    Case("output folder missing", nothing, "score -o no/scores.jsonl", 5, ("no/scores.jsonl", "another place")),
    Case("run folder taken", nothing, "train -o runs/0001", 3, ("a run lies here already", "name another folder")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_one_sentence_with_its_cure_and_nothing_is_lost(fengkong, workspace, case):
    case.spoil(workspace)
    before = contents(workspace)
    result = fengkong(*case.command.split(), "--json")
    assert result.code == case.code, result.err
    sentence = result.err.splitlines()[-1]
    assert sentence.startswith("fengkong: ")
    for part in case.says:
        assert part in sentence
    assert json.loads(result.out)["error"]["message"] == sentence.removeprefix("fengkong: ")
    after = contents(workspace)
    assert {name: after.get(name) for name in before} == before


def contents(folder: Path) -> dict[str, str]:
    """The hash of each file."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_text_in_gb18030_is_read_and_said(fengkong, workspace):
    (workspace / "旧.csv").write_bytes("编号,文本\nA1,我有一份稳定的工作\n".encode("gb18030"))
    result = fengkong("score", "bundle", "旧.csv")
    assert json.loads(result.out)["id"] == "A1"
    assert "D104" in result.err


def test_nan_is_unknown_and_goes_to_a_person(fengkong, workspace):
    (workspace / "nan.jsonl").write_text(
        '{"text": "I would like to borrow.", "fields": {"amount": NaN, "income": 3000, "term_months": 12, '
        '"existing_debt": 0, "employment_years": 3}}\n'
    )
    result = fengkong("decide", "nan.jsonl", "--json")
    decided = json.loads(result.out)
    assert decided["outcome"] == "review"
    assert "unknown" in {rule["state"] for rule in decided["trace"]["rules"]}
    assert "D102" in result.err
    assert "amount" in result.err


def test_a_text_of_a_megabyte_is_read_as_far_as_the_model_reads_and_that_is_said(fengkong, workspace):
    long = "steady work and a loan " * 45_000
    assert len(long) > 1_000_000
    row = {"text": long, "fields": {"amount": 1, "income": 9000, "term_months": 12, "existing_debt": 0}}
    (workspace / "long.jsonl").write_text(json.dumps(row) + "\n")
    scored = fengkong("score", "bundle", "long.jsonl")
    assert json.loads(scored.out)["unread"] > 200_000
    assert "1 longer than the model reads" in scored.err
    decided = json.loads(fengkong("decide", "long.jsonl", "--json").out)
    assert decided["outcome"] in {"review", "decline"}
    assert decided["signals"][0]["unread"] > 200_000


def test_training_says_how_much_of_a_megabyte_is_not_read(fengkong, new_workspace):
    replace("data.jsonl", '"text": "', '"text": "' + "steady work " * 85_000, 1)(new_workspace)
    result = fengkong("train")
    assert result.code == 0, result.err
    assert "longer than 256 tokens" in result.err


def test_invalid_utf8_can_be_skipped_and_is_kept_aside(fengkong, workspace):
    lines = (workspace / "applications.jsonl").read_bytes().splitlines(keepends=True)
    lines[6] = lines[6].replace(b'"text": "', b'"text": "\xff\xfe')
    (workspace / "texts.jsonl").write_bytes(b"".join(lines))
    result = fengkong("score", "bundle", "texts.jsonl", "--on-bad-row", "skip")
    assert result.code == 0
    assert len(result.out.splitlines()) == 39
    kept = json.loads((workspace / "texts.jsonl.rejects.jsonl").read_text("utf-8"))
    assert (kept["line"], "not valid UTF-8" in kept["cause"]) == (7, True)
    assert "D101" in result.err


def test_control_and_zero_width_characters_change_no_score(fengkong, workspace):
    texts = ["I have a steady job.", "I h\u200bave a st\u200deady\ufeff jo\u0007b.", "I have a ｓｔｅａｄｙ job."]
    (workspace / "t.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    scores = [json.loads(line)["p"] for line in fengkong("score", "bundle", "t.jsonl").out.splitlines()]
    assert scores == pytest.approx([scores[0]] * 3)
    assert fengkong("decide", "t.jsonl").code == 0


@pytest.mark.parametrize("out", ["scores.jsonl", "-"])
def test_a_broken_thousandth_line_keeps_the_999_before_it(fengkong, workspace, out):
    lines = ['{"text": "a steady job"}'] * 1200
    lines[999] = '{"text": "cut off'
    (workspace / "many.jsonl").write_text("\n".join(lines))
    result = fengkong("score", "bundle", "many.jsonl", "-o", out)
    assert result.code == 3
    place = "standard output" if out == "-" else out
    assert "many.jsonl:1000: not JSON" in result.err
    assert f"the 999 rows before it are in {place}." in result.err
    rows = result.out if out == "-" else (workspace / out).read_text("utf-8")
    assert len(rows.splitlines()) == 999


def test_decisions_before_a_broken_line_stay_on_the_ledger(fengkong, workspace):
    lines = (workspace / "applications.jsonl").read_text("utf-8").splitlines()
    (workspace / "texts.jsonl").write_text("\n".join([*lines[:5], "{broken", *lines[5:]]), encoding="utf-8")
    result = fengkong("decide", "texts.jsonl", "--json")
    assert result.code == 3
    *decided, fault = [json.loads(line) for line in result.out.splitlines()]
    assert [dec["document"] for dec in decided] == ["N0001", "N0002", "N0003", "N0004", "N0005"]
    assert "texts.jsonl:6: not JSON" in fault["error"]["message"]
    with Ledger.open(workspace / "ledger.db") as ledger:
        assert len(list(ledger.entries())) >= 5


def test_a_hub_base_without_a_network_names_the_cure(fengkong, new_workspace, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    result = fengkong("train", "--set", "base=google-bert/bert-base-chinese")
    assert result.code == 4
    sentence = result.err.splitlines()[-1]
    assert "google-bert/bert-base-chinese: the base model is not on this machine" in sentence
    assert "copy the folder here and set base to its path" in sentence


@pytest.mark.parametrize("out", ["scores.jsonl", "scores.parquet"])
def test_input_that_can_not_be_read_at_all_keeps_the_older_scores(fengkong, workspace, out):
    assert fengkong("score", "-o", out).code == 0
    older = (workspace / out).read_bytes()
    result = fengkong("score", "bundle", "missing.csv", "-o", out)
    assert result.code == 3
    assert result.err.splitlines()[-1].endswith("missing.csv: there is no such file; check the path.")
    assert (workspace / out).read_bytes() == older
    assert not (workspace / f"{out}.part").exists()
