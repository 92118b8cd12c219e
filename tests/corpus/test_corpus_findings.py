"""What is found in examples before anything is learnt, and what is not."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest

from fengkong.corpus import Splits, check_examples
from fengkong.corpus.duplicates import near_copies
from fengkong.domain.documents import Example, FieldValue, Place
from fengkong.domain.findings import Finding, Severity

WORDS = ["loan", "income", "credit", "delay", "default", "rate", "branch", "client", "account", "review", "broker"]


def sentence(seed: int, words: int = 30) -> str:
    draw = np.random.default_rng(seed)
    return " ".join(f"{WORDS[n % len(WORDS)]}{n}" for n in draw.integers(0, 1_000, words))


def part(start: int, n: int, **fields: FieldValue) -> list[Example]:
    return [
        Example(sentence(i), "ab"[i % 2], place=Place("data.csv", i + 2), fields=fields)
        for i in range(start, start + n)
    ]


def clean() -> Splits:
    return Splits(part(0, 40), part(40, 10), part(50, 10))


def found(splits: Splits, code: str) -> Finding:
    [finding] = [finding for finding in check_examples(splits) if finding.code == code]
    return finding


def test_clean_data_has_no_findings() -> None:
    assert check_examples(clean()) == []


def test_empty_texts_are_those_with_nothing_to_see() -> None:
    splits = clean()
    splits.train.extend([Example(" \t", "a", place=Place("data.csv", 90)), Example("\u200b\ufeff", "b")])
    finding = found(splits, "D002")
    assert (finding.severity, str(finding.place)) == (Severity.WARNING, "data.csv:90")
    assert "2" in finding.message


def test_an_empty_split_one_label_and_one_text_are_errors() -> None:
    splits = Splits([Example("same", "a")] * 12, [Example("Same ", "a")], [])
    codes = {finding.code: finding.severity for finding in check_examples(splits)}
    assert {"D001", "D003", "D004"} <= codes.keys()
    assert all(codes[code] is Severity.ERROR for code in ("D001", "D003", "D004"))


def test_labels_unknown_to_train_are_an_error_and_missing_ones_a_warning() -> None:
    splits = clean()
    splits.test.append(Example("entirely new", "bda", place=Place("data.csv", 77)))
    assert str(found(splits, "D005").place) == "data.csv:77"
    assert "'bda'" in found(splits, "D005").message
    splits = Splits(part(0, 40), part(40, 10), [ex for ex in part(50, 10) if ex.label == "a"])
    finding = found(splits, "D006")
    assert (finding.severity, finding.place.name) == (Severity.WARNING, "test")


def test_rare_labels_are_counted() -> None:
    splits = clean()
    for i in range(9):
        splits.train.append(Example(sentence(900 + i), "rare"))
    splits.dev.append(Example(sentence(990), "rare"))
    splits.test.append(Example(sentence(991), "rare"))
    assert "'rare' (9)" in found(splits, "D007").message


def test_copies_and_near_copies_within_and_across() -> None:
    splits = clean()
    original = splits.train[0].text
    splits.train.append(Example(original.upper(), "a", place=Place("data.csv", 101)))
    splits.train.append(Example(splits.train[1].text + " tail", "b", place=Place("data.csv", 102)))
    splits.test.append(Example(original + "  ", "a", place=Place("data.csv", 103)))
    splits.test.append(Example("So: " + splits.dev[0].text, "a", place=Place("data.csv", 104)))
    lines = {code: found(splits, code).place.line for code in ("D008", "D009", "D010", "D011")}
    assert lines == {"D008": 101, "D009": 103, "D010": 102, "D011": 104}


def test_copies_with_different_labels() -> None:
    splits = clean()
    splits.train.append(Example(splits.train[0].text, "b"))
    assert str(found(splits, "D012").place) == "data.csv:2"
    assert found(splits, "D012").message.endswith("label: 2")


def test_cut_texts_say_how_many_and_how_much() -> None:
    def lengths(texts: Sequence[str]) -> list[int]:
        return [100 if i < 6 else 10 for i in range(len(texts))]

    [finding] = check_examples(clean(), token_lengths=lengths, max_tokens=40)
    assert finding.code == "D013"
    assert "6 (next at 3, 4, 5)" in finding.message
    assert "10.0% of all texts" in finding.message
    assert "the longest has 100" in finding.message
    assert "31.6% of all tokens" in finding.message  # 6 * 60 of 6 * 100 + 54 * 10


def leaky(value: str, n: int = 600) -> Splits:
    draw = np.random.default_rng(1)
    rows = []
    for i in range(n):
        label = "bad" if draw.random() < 0.2 else "good"
        bad = label == "bad"
        fields: dict[str, FieldValue] = {
            "word": "written off" if bad else "current",
            "number": draw.uniform(5, 9) if bad else draw.uniform(0, 4.9),
            "money": f"${draw.integers(5_000, 9_000) if bad else draw.integers(0, 4_900):,}",
            "presence": draw.random() if bad else None,
            "id": f"A{i}",
            "noise": draw.random(),
            "weak": ("red" if draw.random() < 0.7 else "blue") if bad else "blue",
            "rownumber": i,
        }
        rows.append(Example(sentence(5_000 + i), label, fields={value: fields[value]}))
    return Splits(rows, rows[:30], rows[30:60])


@pytest.mark.parametrize("name", ["word", "number", "money", "presence"])
def test_a_field_that_gives_the_label_away(name: str) -> None:
    finding = found(leaky(name), "D014")
    assert (finding.severity, finding.place.name) == (Severity.WARNING, name)


@pytest.mark.parametrize("name", ["id", "noise", "weak", "rownumber"])
def test_a_field_that_does_not(name: str) -> None:
    assert "D014" not in [finding.code for finding in check_examples(leaky(name))]


def test_groups_on_both_sides() -> None:
    splits = clean()
    splits.train.append(Example("first of one client", "a", group="client 7"))
    splits.test.append(Example("second, quite other words", "b", group="client 7", place=Place("data.csv", 88)))
    finding = found(splits, "D015")
    assert str(finding.place) == "data.csv:88"
    assert "client 7" not in finding.message


def test_errors_come_first() -> None:
    splits = Splits(part(0, 5), part(40, 10), [])
    severities = [finding.severity for finding in check_examples(splits)]
    assert severities[0] is Severity.ERROR
    assert severities == sorted(severities, key=[Severity.ERROR, Severity.WARNING, Severity.INFO].index)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_near_copies_are_those_with_few_edits(language: str) -> None:
    base = [sentence(i) for i in range(50)]
    if language == "zh":
        draw = np.random.default_rng(0)
        base = ["".join(map(chr, draw.integers(0x4E00, 0x9000, 120))) for _ in range(50)]
    edited = [text[:40] + "X" + text[41:] for text in base]
    clusters = near_copies(base + edited)
    assert clusters.members() == [[i, i + 50] for i in range(50)]


def test_texts_of_one_template_are_not_near_copies() -> None:
    texts = [f"Amount {i * 7919 % 9973}. Income {i * 104729 % 99991}. State {sentence(i, 3)}." for i in range(200)]
    assert len(near_copies(texts).members()) == 200


def test_near_copies_of_long_texts_and_of_texts_too_short_for_a_shingle() -> None:
    long = sentence(1, 40_000)
    clusters = near_copies([long, "ok", f"{sentence(2, 200)} {long} and a tail", "OK", "no", "", ""])
    assert clusters.members() == [[0, 2], [1, 3], [4], [5], [6]]


def test_a_whole_number_beyond_any_double_is_a_value_like_any_other() -> None:
    examples = [
        Example(f"text {n}", "bad" if n % 2 else "good", fields={"id": 10**400 + n % 2, "income": Decimal("1e999")})
        for n in range(80)
    ]
    told = [
        finding.message for finding in check_examples(Splits(examples, [], [], "given")) if "'id'" in finding.message
    ]
    assert len(told) == 1
