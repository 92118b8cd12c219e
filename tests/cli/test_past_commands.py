"""Replay, backtest and shadow report from the command line."""

import json

import polars as pl


def test_replay_makes_every_decision_again(fengkong, workspace):
    fengkong("decide")
    report = json.loads(fengkong("replay", "--json").out)
    assert (report["replayed"], report["same"], report["skipped"]) == (40, 40, 0)
    rules = workspace / "rules.yaml"
    rules.write_text(rules.read_text(encoding="utf-8").replace('version: "1"', 'version: "2"'), encoding="utf-8")
    assert "40 were made under policies that are not here" in fengkong("replay").out


def test_backtest_tries_another_rules_file_on_the_ledgers_decisions(fengkong, workspace):
    fengkong("decide")
    rules = (workspace / "rules.yaml").read_text(encoding="utf-8")
    head, _, _ = rules.partition("\nrules:")
    code = head.partition("reasons:")[2].split(":")[0].strip()
    strict = head + f"\nrules:\n  - {{id: all, when: amount > 0, then: decline, reason: {code}}}\n"
    (workspace / "strict.yaml").write_text(strict, encoding="utf-8")
    result = fengkong("backtest", "--rules", "strict.yaml", "--money", "amount", "-o", "pairs.parquet", "--json")
    assert result.code == 0, result.err
    report = json.loads(result.out)
    assert report["n"] == 40
    assert all(cell["after"] == "decline" for cell in report["matrix"])
    pairs = pl.read_parquet(workspace / "pairs.parquet")
    assert pairs["after_reasons"].to_list() == [[code]] * 40
    unchanged = json.loads(fengkong("backtest", "--stored-signals", "--json").out)
    assert (unchanged["n"], unchanged["changed"]) == (40, 0)


def test_backtest_refuses_two_policies_and_unknown_fields(fengkong, workspace):
    fengkong("decide")
    assert "a backtest is of one policy" in fengkong("backtest", "--rules", "rules.yaml", "--version", 1).err
    result = fengkong("backtest", "--stored-signals", "--by", "amuont")
    assert result.code == 3
    assert "did you mean 'amount'?" in result.err


def test_the_shadows_report_compares_live_with_phantom(fengkong, workspace):
    fengkong("policy", "draft", "--by", "Li")
    fengkong("policy", "check", 1, "--by", "Li")
    early = fengkong("shadow")
    assert (early.code, early.out) == (3, "")
    assert "nothing was decided in the shadow yet; let a version run there with fengkong policy shadow" in early.err
    fengkong("policy", "shadow", 1, "--by", "Li")
    fengkong("decide")
    report = json.loads(fengkong("shadow", 1, "--json").out)
    assert (report["n"], report["changed"], report["failed"]) == (40, 0, 0)
    assert fengkong("shadow", 2).code == 3


def test_backtest_of_cases_without_a_decision_says_what_they_get(fengkong, workspace):
    amounts = pl.DataFrame({"amount": [5000, 900_000, 6000], "income": [40_000, 1000, 50_000]})
    amounts.write_parquet(workspace / "own.parquet")
    result = fengkong("backtest", "own.parquet", "--stored-signals", "--json")
    report = json.loads(result.out)
    assert (report["n"], report["undecided"], report["changed"]) == (3, 3, 0)
    shown = fengkong("backtest", "own.parquet", "--stored-signals").out.splitlines()[0]
    fresh = ", ".join(f"{cell['after']} {cell['n']}" for cell in report["matrix"])
    assert shown == f"3 cases without a decision: {fresh}"
    decided = amounts.with_columns(pl.Series("case outcome", ["approve", None, None]))
    decided.write_parquet(workspace / "own.parquet")
    shown = fengkong("backtest", "own.parquet", "--stored-signals").out.splitlines()[0]
    assert shown.startswith("3 cases; 2 cases without a decision: ")
    assert shown.endswith(" of the others get another outcome")


def test_backtest_without_cases_says_so(fengkong, workspace):
    result = fengkong("backtest", "--by", "amount")
    assert result.code == 3
    assert "the ledger holds no decisions; make decisions with fengkong decide" in result.err
    pl.DataFrame(schema={"amount": pl.Int64()}).write_parquet(workspace / "own.parquet")
    assert "own.parquet: the file holds no cases" in fengkong("backtest", "own.parquet").err
