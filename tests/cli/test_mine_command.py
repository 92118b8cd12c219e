"""`fengkong mine`: tables for people, JSON for machines, drafts that the check accepts, one sentence where it fails."""

import json
import random
import shlex

import pytest

from fengkong.rules import check


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """A table of 1,200 past loans: bad where the town is Ost, or the income is low; `p` knows the income alone."""
    rng = random.Random(0)
    rows = []
    for number in range(1_200):
        town, income = rng.choice(["Nord", "Ost", "West"]), rng.randrange(800, 6_000)
        chance = 0.05 + 0.4 * (town == "Ost") + 0.3 * (income < 1_600)
        fields = {
            "town": town,
            "income": income,
            "p": 0.2 + 0.3 * (income < 1_600),
            "amount": rng.randrange(1_000, 9_000),
        }
        label = "default" if rng.random() < chance else "repaid"
        rows.append(json.dumps({"text": f"Loan {number}", "label": label, "fields": fields}))
    file = tmp_path_factory.mktemp("mining") / "cases.jsonl"
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("what", "options", "told"),
    [
        ("rules", ["--money", "amount", "--most", "3"], 'town == "Ost"'),
        ("scorecard", ["--reviewed", "0.3"], "held out: AUC 0."),
        ("segments", ["--probability", "p"], "too low"),
    ],
)
def test_what_is_found_is_shown_and_proposed(fengkong, cases, tmp_path, monkeypatch, what, options, told):
    monkeypatch.chdir(tmp_path)
    shown = fengkong("mine", what, cases, "--bad", "default", *options, "-o", "draft.yaml")
    assert shown.code == 0, shown.err
    assert told in shown.out
    assert "fengkong backtest draft.parquet --rules draft.yaml --stored-signals" in shown.err
    draft = (tmp_path / "draft.yaml").read_text(encoding="utf-8")
    assert check(draft) == []
    printed = json.loads(fengkong("mine", what, cases, "--bad", "default", *options, "--json").out)
    assert printed["draft"] == draft


def test_the_command_that_is_told_hits_the_cases_that_were_counted(fengkong, cases, new_workspace):
    told = fengkong("mine", "rules", cases, "--bad", "default", "-o", "draft.yaml", "--json")
    counted = [rule["held_out"]["cases"] for rule in json.loads(told.out)["rules"]]
    command = shlex.split(told.err.strip().splitlines()[-1])
    tried = fengkong(*command[1:], "--json")
    assert tried.code == 0, tried.err
    assert [reason["after"] for reason in json.loads(tried.out)["reasons"]] == counted


def test_what_can_not_be_mined_gets_one_sentence(fengkong, cases, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for arguments, sentence in (
        (["rules"], "there are no cases"),
        (["rules", cases], "it is not said which outcome is bad"),
        (["rules", cases, "--bad", "defaults"], "did you mean 'default'?"),
        (["segments", cases, "--bad", "default"], "there is no model to look at"),
        (["rules", cases, "--bad", "default", "--lift", "20", "-o", "x.yaml"], "nothing was found"),
        (["scorecard", cases, "--bad", "default", "-o", "no/where.yaml"], "the draft can't be written"),
    ):
        result = fengkong("mine", *arguments)
        assert result.code in (3, 5), arguments
        assert sentence in result.err
        assert result.err.strip().splitlines()[-1].startswith("fengkong: ")
    assert not (tmp_path / "x.yaml").exists()


def test_in_a_workspace_its_data_and_its_bad_label_are_taken(fengkong, workspace):
    result = fengkong("mine", "rules", "--bundle", "bundle")
    assert result.code == 0, result.err
    result = fengkong("mine", "segments", "--json")
    assert result.code == 0, result.err
    assert json.loads(result.out)["overall"]["cases"] < 40  # those of test alone
    other = fengkong("mine", "segments", "--column", "label=region")
    assert other.code == 3
