"""Each command does what its help says, for people and for machines."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from fengkong.assembly import Settings
from fengkong.ledger import Ledger
from fengkong.scoring import Bundle

COMMANDS = ["demo", "new", "check", "train", "evaluate", "score", "decide", "explain", "bundle show"]
OUTCOMES = {"approve", "review", "decline"}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_it_does_and_shows_an_example(fengkong, command):
    result = fengkong(*command.split(), "--help")
    assert result.code == 0
    assert f"fengkong {command}" in result.out
    assert "Example" in result.out


def test_a_misspelt_option_is_wrong_usage(fengkong):
    result = fengkong("decide", "--jsno")
    assert result.code == 2
    assert "--jsno" in result.err
    assert result.out == ""


def test_new_makes_a_workspace_and_names_the_next_step(fengkong, tmp_path):
    result = fengkong("new", "loan", tmp_path / "ws", "--rows", 60)
    assert result.code == 0
    assert "fengkong train" in result.out
    assert len((tmp_path / "ws" / "data.jsonl").read_text(encoding="utf-8").splitlines()) == 60
    assert Settings.read(tmp_path / "ws").name == "ws"


def test_new_tells_machines_the_files(fengkong, tmp_path):
    result = fengkong("new", "loan", tmp_path / "ws", "--rows", 60, "--json")
    assert {"fengkong.toml", "recipe.toml", "rules.yaml"} <= set(json.loads(result.out)["files"])


def test_new_leaves_a_folder_with_something_in_it_alone(fengkong, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    result = fengkong("new", "loan", tmp_path)
    assert result.code == 3
    assert "the folder is not empty" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_check_of_a_sound_workspace(fengkong, new_workspace):
    result = fengkong("check")
    assert (result.code, result.out) == (0, "nothing found: all is well\n")
    assert json.loads(fengkong("check", "--json").out) == {"errors": 0, "findings": []}


def test_check_ends_with_1_when_a_rule_is_wrong(fengkong, new_workspace):
    rules = new_workspace / "rules.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace("then: decline", "then: decliine", 1), encoding="utf-8")
    result = fengkong("check")
    assert result.code == 1
    assert "decliine" in result.out
    found = fengkong("check", "rules.yaml", "--json")
    assert found.code == 1
    assert json.loads(found.out)["errors"] == 1


def test_check_looks_into_the_workspaces_data(fengkong, new_workspace):
    data = new_workspace / "data.jsonl"
    data.write_text(data.read_text(encoding="utf-8").replace('"label": "bad"', '"label": "good"'), encoding="utf-8")
    result = fengkong("check")
    assert result.code == 1
    assert "D003" in result.out


def test_train_leaves_a_run_a_bundle_in_use_and_figures(trained_workspace):
    measured = json.loads((trained_workspace.parent / "train.json").read_text(encoding="utf-8"))
    assert measured["labels"] == ["bad", "good"]
    assert {model["name"] for model in measured["models"]} > {"tuned"}
    run = trained_workspace / "runs" / "0001"
    assert {"bundle", "report.html", "metrics.json", "recipe.toml", "events.jsonl"} == {p.name for p in run.iterdir()}
    assert (trained_workspace / "bundle").resolve() == (run / "bundle").resolve()
    assert Bundle.load(trained_workspace / "bundle").manifest.heads[0].positive == "bad"


def test_train_shows_each_stage_on_standard_error(trained_workspace):
    shown = (trained_workspace.parent / "train.err").read_text(encoding="utf-8")
    places = [shown.index(stage) for stage in ("preparing", "tuning", "sealing", "floors", "measuring")]
    assert places == sorted(places)


def test_train_outside_a_workspace_takes_a_file_and_changes(fengkong, made_workspace, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = (json.loads(line) for line in (made_workspace / "data.jsonl").read_text(encoding="utf-8").splitlines())
    table = pl.DataFrame([{"正文": row["text"], "标签": row["label"]} for row in rows])
    table.write_csv(tmp_path / "spam.csv")
    result = fengkong(
        *("train", "-d", "spam.csv", "-o", "runs/spam", "-r", made_workspace / "recipe.toml"),
        *("--name", "spam", "--positive", "good", "--set", "pooling=cls", "--set", "max_tokens=64"),
    )
    assert result.code == 0, result.err
    assert f"bundle  {Path('runs/spam/bundle')}" in result.out
    manifest = Bundle.load(tmp_path / "runs/spam/bundle").manifest
    head = manifest.heads[0]
    assert (head.name, head.positive, manifest.max_tokens, manifest.fields) == ("spam", "good", 64, ())


def test_evaluate_gives_the_figures_of_the_report(fengkong, workspace):
    result = fengkong("evaluate", "--json")
    figures = json.loads(result.out)
    reported = json.loads((workspace / "runs/0001/metrics.json").read_text(encoding="utf-8"))
    tuned = next(model for model in reported["models"] if model["name"] == "tuned")
    assert figures["split"] == "test"
    assert figures["bundle"] == Bundle.load(workspace / "bundle").id
    assert figures["metrics"]["accuracy"]["value"] == pytest.approx(tuned["test"]["accuracy"]["value"])
    assert figures["metrics"]["log_loss"]["value"] == pytest.approx(tuned["test"]["log_loss"]["value"])


def test_evaluate_of_a_file_takes_all_of_it(fengkong, workspace):
    result = fengkong("evaluate", "bundle", "data.jsonl")
    assert "on 150 texts (all)" in result.out
    assert "macro_f1" in result.out
    assert json.loads(fengkong("evaluate", "--split", "dev", "--json").out)["split"] == "dev"


def test_score_writes_the_same_rows_in_input_order_everywhere(fengkong, workspace):
    ids = [json.loads(line)["id"] for line in (workspace / "applications.jsonl").read_text("utf-8").splitlines()]
    printed = [json.loads(line) for line in fengkong("score").out.splitlines()]
    assert [row["id"] for row in printed] == ids
    assert fengkong("score", "bundle", "applications.jsonl", "-o", "scores.jsonl").code == 0
    lines = (workspace / "scores.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == printed
    report = json.loads(fengkong("score", "-o", "scores.parquet", "--json").out)
    assert pl.read_parquet(workspace / "scores.parquet").to_dicts() == printed
    assert (report["report"]["rows"], report["skipped"]) == (len(ids), 0)


def test_score_reads_standard_input(fengkong, workspace):
    applications = (workspace / "applications.jsonl").read_bytes()
    result = fengkong("score", "bundle", "-", stdin=applications)
    assert result.code == 0
    assert result.out == fengkong("score").out


def test_decide_answers_a_line_each_and_the_ledger_holds_each(fengkong, workspace):
    result = fengkong("decide", "--json")
    decisions = [json.loads(line) for line in result.out.splitlines()]
    assert len(decisions) == 40
    assert {dec["outcome"] for dec in decisions} <= OUTCOMES
    with Ledger.open(workspace / "ledger.db") as ledger:
        entries = [entry for entry in ledger.entries() if entry.kind == "decision"]
        assert ledger.verify() == []
    recorded = [entry.body.get("decision", entry.body).get("id") for entry in entries]
    assert recorded == [dec["id"] for dec in decisions]


def test_decide_shows_people_the_reasons_and_what_the_rules_saw(fengkong, workspace):
    facts = ["amount=90000", "income=1500", "term_months=12", "existing_debt=0", "employment_years=3"]
    options = [part for fact in facts for part in ("--field", fact)]
    result = fengkong("decide", "--text", "I would like to borrow 90,000.", *options)
    assert result.code == 0
    assert result.out.startswith("DECLINE  ")
    assert "reason R03: The payments on this loan and older debts are too high" in result.out
    assert "rule debt-burden-too-high: hit; saw amount = 90000" in result.out


def test_an_unknown_fact_goes_to_a_person(fengkong, workspace):
    result = fengkong("decide", "--text", "I would like to borrow 9,000.", "--field", "amount=9000", "--json")
    decided = json.loads(result.out)
    assert decided["outcome"] in {"review", "decline"}
    assert {"unknown"} <= {rule["state"] for rule in decided["trace"]["rules"]}


def test_decide_in_chinese_gives_chinese_reasons(fengkong, tmp_path, tiny_bundle, monkeypatch):
    folder = tmp_path / "my-risk"
    assert fengkong("new", "loan", folder, "-l", "zh", "--rows", 60).code == 0
    shutil.move(tiny_bundle(("bad", "good"), positive="bad"), folder / "bundle")
    monkeypatch.chdir(folder)
    facts = ["amount=90000", "income=1500", "term_months=12", "existing_debt=0", "employment_years=3"]
    options = [part for fact in facts for part in ("--field", fact)]
    result = fengkong("decide", "--text", "公司还款很稳", *options)
    assert result.code == 0, result.err
    assert "reason R03: 本笔贷款与已有债务的月供相对收入过高。" in result.out
    assert "The payments" not in result.out
    applications = fengkong("decide", "--json")
    assert len(applications.out.splitlines()) == 40


def test_explain_weighs_spans_of_the_original_text(fengkong, workspace):
    text = json.loads((workspace / "applications.jsonl").read_text("utf-8").splitlines()[2])["text"]
    explained = json.loads(fengkong("explain", "--row", 3, "--json").out)
    assert explained["document"] == "N0003"
    assert explained["label"] == "bad"
    assert all(text[span["start"] : span["end"]] == span["text"] for span in explained["spans"])
    shown = fengkong("explain", "--row", 3).out
    assert shown.startswith(f"risk: p(bad) = {explained['p']:.3f}\n{text}\n")
    assert f"{explained['spans'][0]['weight']:+.3f}  {explained['spans'][0]['text']}" in shown


def test_explain_takes_a_text_facts_and_a_label(fengkong, workspace):
    options = ["--field", "income=3000", "--label", "good", "--json"]
    explained = json.loads(fengkong("explain", "--text", "I have a steady job.", *options).out)
    assert explained["label"] == "good"
    assert {"name": "income", "value": 3000} in [
        {"name": fact["name"], "value": fact["value"]} for fact in explained["fields"]
    ]


def test_explain_of_a_row_beyond_the_end(fengkong, workspace):
    result = fengkong("explain", "--row", 41)
    assert result.code == 3
    assert "fewer rows (received --row 41)" in result.err


def test_bundle_show_verifies_then_tells(fengkong, workspace):
    sealed = Bundle.load(workspace / "bundle")
    shown = json.loads(fengkong("bundle", "show", "--json").out)
    assert (shown["id"], shown["verified"], shown["heads"][0]["labels"]) == (sealed.id, True, ["bad", "good"])
    people = fengkong("bundle", "show", "bundle").out
    assert f"bundle: verified, {sealed.id}" in people
    assert "model.onnx" in people


def test_commands_find_the_workspace_from_a_folder_inside_it(fengkong, workspace, monkeypatch):
    inside = workspace / "notes" / "2026"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    for command in ("check", "score", "bundle show"):
        assert fengkong(*command.split()).code == 0, command
    assert len(fengkong("decide", "--json").out.splitlines()) == 40
    assert (workspace / "ledger.db").exists()
    assert list(inside.iterdir()) == []


def test_a_workspace_can_be_named_from_elsewhere(fengkong, workspace, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(fengkong("score", "-w", workspace).out.splitlines()) == 40
    assert fengkong("bundle", "show", "-w", workspace).code == 0


@pytest.mark.parametrize("command", ["check", "train", "evaluate", "score", "decide", "explain", "bundle show"])
def test_outside_a_workspace_each_says_what_to_give(fengkong, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    result = fengkong(*command.split(), "--json")
    assert result.code == 3
    fault = json.loads(result.out)["error"]
    assert fault["code"] == "settings"
    assert "fengkong" in fault["cure"] or "--data" in fault["cure"]
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("command", ["evaluate", "score", "decide", "explain", "bundle show"])
def test_before_training_each_says_that_there_is_no_bundle(fengkong, new_workspace, command):
    result = fengkong(*command.split())
    assert result.code == 4
    assert "bundle" in result.err
    assert not (new_workspace / "ledger.db").exists()


def test_markup_in_what_people_wrote_is_shown_as_it_is(fengkong, workspace):
    result = fengkong("explain", "--text", "I have a [bold]steady[/bold] job :smile: [/]")
    assert "I have a [bold]steady[/bold] job :smile: [/]\n" in result.out
    shutil.copytree(workspace / "bundle", "[red]bundle")
    assert "[red]bundle: verified" in fengkong("bundle", "show", "[red]bundle").out


def test_columns_of_other_names_can_be_named(fengkong, workspace):
    rows = [json.loads(line) for line in Path("data.jsonl").read_text(encoding="utf-8").splitlines()][:20]
    renamed = [{"story": row["text"], "verdict": row["label"], "extra": "x"} for row in rows]
    Path("other.jsonl").write_text("".join(json.dumps(row) + "\n" for row in renamed), encoding="utf-8")
    columns = ["--column", "text=story", "--column", "label=verdict"]
    measured = json.loads(fengkong("evaluate", "bundle", "other.jsonl", *columns, "--json").out)
    assert measured["metrics"]["n"] == 20
    scored = fengkong("score", "bundle", "other.jsonl", *columns[:2])
    assert len(scored.out.splitlines()) == 20


def test_a_misspelt_part_of_a_column_is_named(fengkong, workspace):
    result = fengkong("score", "bundle", "data.jsonl", "--column", "txt=story")
    assert result.code == 3
    assert "did you mean 'text'?" in result.err


def test_a_handful_of_labelled_texts_is_enough_to_evaluate_on(fengkong, workspace):
    lines = Path("data.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    Path("few.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert json.loads(fengkong("evaluate", "bundle", "few.jsonl", "--json").out)["metrics"]["n"] == 3


def test_train_says_before_it_trains_that_the_bundle_could_not_be_put_in_place(fengkong, new_workspace):
    Path("bundle").mkdir()
    result = fengkong("train")
    assert result.code == 3
    assert "a folder lies where the link to the current bundle belongs" in result.err
    assert not Path("runs").exists()
