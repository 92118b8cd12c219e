"""Past cases: types are found, what rules can't use is left out with a reason, unusable data gets a sentence."""

from dataclasses import replace
from datetime import date

import pytest

from fengkong.corpus import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.mining import past_cases
from fengkong.rules import Kind
from fengkong.scoring import FakeScorer


def with_field(splits, name, value):
    """The same cases with one more field: `value` of the number and the case."""
    parts = [
        [replace(ex, fields={**ex.fields, name: value(at, ex)}) for at, ex in enumerate(part)] for _, part in splits
    ]
    return Splits(*parts)


def test_types_are_found_and_unknown_stays_unknown(make_splits):
    cases, held_out = past_cases(make_splits(), bad="default")
    kinds = {name: field.type.kind for name, field in cases.by_name.items()}
    assert kinds == {
        "income": Kind.DECIMAL,
        "town": Kind.CATEGORY,
        "dependants": Kind.INTEGER,
        "amount": Kind.INTEGER,
        "member": Kind.BOOLEAN,
    }
    assert cases.by_name["town"].type.values == ("Nord", "Ost", "Süd", "West")
    assert 0 < (~cases.by_name["income"].known).sum() < len(cases) / 5
    assert len(cases) + len(held_out) == 2_000


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (lambda at, ex: None, "M001"),
        (lambda at, ex: "same", "M001"),
        (lambda at, ex: ex.label, "M002"),
        (lambda at, ex: 17.5 if ex.label == "default" else None, "M002"),
        (lambda at, ex: date(2025, 1, 1 + at % 28), "M003"),
        (lambda at, ex: 5 if at % 2 else "five", "M003"),
        (lambda at, ex: f"{at % 997}.5%", "M004"),
        (lambda at, ex: f"a long story, told once: {at}", "M004"),
        (lambda at, ex: 2**53 + at, "M009"),
        (lambda at, ex: str(10**20 + at), "M009"),
        (lambda at, ex: -1e300 if at % 2 else 0.5, "M009"),
        (lambda at, ex: 10**30 if at % 2 else None, "M009"),
    ],
)
def test_a_field_that_cant_be_used_is_left_out_with_a_reason(make_splits, value, code):
    cases, _ = past_cases(with_field(make_splits(), "extra", value), bad="default")
    assert [(finding.code, finding.place.name) for finding in cases.findings] == [(code, "extra")]
    assert "extra" not in cases.by_name


@pytest.mark.parametrize("name", ["monthly income", "text", "and", "signals.x", "'quoted'", "２"])
def test_a_field_that_rules_cant_name_is_left_out(make_splits, name):
    cases, _ = past_cases(with_field(make_splits(), name, lambda at, ex: at % 7), bad="default")
    assert [(finding.code, finding.place.name) for finding in cases.findings] == [("M005", name)]


def test_chinese_names_and_values_are_as_good_as_others(make_splits):
    splits = with_field(make_splits(), "城市", lambda at, ex: ["北京", "上海"][at % 2])
    cases, _ = past_cases(splits, bad="default")
    assert cases.by_name["城市"].type.values == ("上海", "北京")


def test_signals_of_a_model_become_fields(make_splits):
    scorer = FakeScorer("risk", ("low", "high"), {"urgent": 0.9}, positive="high")
    cases, _ = past_cases(make_splits(), bad="default", scorers=[scorer])
    assert {0.1, 0.9} == set(cases.by_name["signals.risk.p"].values)
    assert set(cases.by_name["signals.risk.label"].type.values) == {"low", "high"}


def test_unusable_cases_are_told_in_a_sentence(make_splits):
    splits = make_splits()
    with pytest.raises(InputError, match="did you mean 'default'"):
        past_cases(splits, bad="defaults")
    good = [ex for ex in splits.train if ex.label == "repaid"]
    with pytest.raises(InputError, match="every case turned out badly"):
        past_cases(Splits(good, [], good), bad="repaid")
    with pytest.raises(InputError, match="too few cases held out"):
        past_cases(Splits(splits.train, [], splits.test[:8]), bad="default")
    with pytest.raises(InputError, match="did you mean 'amount'"):
        past_cases(splits, bad="default", money="amuont")
    with pytest.raises(InputError, match="no case bears"):
        past_cases(Splits([], [], []), bad="default")


def test_cases_without_fields_are_cases(make_splits):
    bare = Splits(*([Example(ex.text, ex.label) for ex in part] for _, part in make_splits()))
    cases, _ = past_cases(bare, bad="default")
    assert cases.fields == ()


def test_the_table_bears_what_rules_read(make_splits):
    splits = make_splits()
    _, held_out = past_cases(splits, bad="default")
    table = held_out.table()
    assert {name: str(kind) for name, kind in table.schema.items()} == {
        "income": "Float64",
        "town": "String",
        "dependants": "Int64",
        "amount": "Int64",
        "member": "Boolean",
        "text": "String",
    }
    assert [{name: row[name] for name in ex.fields} for ex, row in zip(splits.test, table.to_dicts(), strict=True)] == [
        dict(ex.fields) for ex in splits.test
    ]
