"""Splits are a partition, keep groups and copies together, and depend on seed and texts alone."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.corpus import Columns, Splits, align_splits, read_examples, split_examples
from fengkong.corpus.copies import copy_key
from fengkong.domain.documents import Example, Place
from fengkong.domain.errors import InputError, SettingsError

START = datetime(2026, 1, 1, tzinfo=UTC)


def examples(n: int = 200, **parts: object) -> list[Example]:
    return [Example(f"text number {i}", "bad" if i % 5 == 0 else "good", **parts) for i in range(n)]  # type: ignore[arg-type]


def homes(splits: Splits) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, part in splits:
        for ex in part:
            if ex.group is not None:
                found.setdefault(ex.group, set()).add(name)
    return found


def test_stratified_gives_each_label_its_share() -> None:
    splits = split_examples(examples(), shares=(0.7, 0.15, 0.15))
    assert splits.how == "stratified"
    assert {name: Counter(ex.label for ex in part) for name, part in splits} == {
        "train": {"good": 112, "bad": 28},
        "dev": {"good": 24, "bad": 6},
        "test": {"good": 24, "bad": 6},
    }


def test_the_draw_depends_on_seed_and_texts_not_on_order() -> None:
    rows = examples()
    one = split_examples(rows)
    again = split_examples(rows[::-1])
    other = split_examples(rows, seed=7)
    texts = [{ex.text for ex in splits.test} for splits in (one, again, other)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
    # Pinned, so that a change of platform or library shows.
    assert sorted(texts[0])[:3] == ["text number 101", "text number 123", "text number 137"]


def test_copies_of_a_text_stay_together() -> None:
    rows = examples() + [Example(f" Text  NUMBER {i}\u200b", "good") for i in range(1, 200, 3)]
    splits = split_examples(rows)
    keys = [key for _, part in splits for key in {copy_key(ex.text) for ex in part}]
    assert len(keys) == len(set(keys)) == 200


def test_groups_stay_together_also_through_copies() -> None:
    rows = [Example(f"text {i}", "ab"[i % 2], group=f"g{i // 4}") for i in range(160)]
    rows.append(Example("text 0", "a", group="linked"))
    splits = split_examples(rows)
    assert splits.how == "group"
    assert all(len(names) == 1 for names in homes(splits).values())
    assert homes(splits)["linked"] == homes(splits)["g0"]


def test_some_groups_hold_in_stratified_but_can_not_be_split_by() -> None:
    rows = [*examples(40), *(Example(f"t{i}", "good", group="g", place=Place("a.csv", i)) for i in range(4))]
    splits = split_examples(rows)
    assert splits.how == "stratified"
    assert len(homes(splits)["g"]) == 1
    with pytest.raises(InputError, match="no group to split by"):
        split_examples(rows, how="group")


def test_time_learns_nothing_from_the_future_and_keeps_groups_together() -> None:
    rows = [
        Example(f"text {i}", "ab"[i % 2], time=START + timedelta(days=i % 100), group="late" if i in (3, 99) else None)
        for i in range(200)
    ]
    splits = split_examples(rows, how="time")
    dev_begins = min(ex.time for ex in splits.dev if ex.time and ex.group is None)
    assert max(ex.time for ex in splits.train if ex.time) < dev_begins
    assert max(ex.time for ex in splits.dev if ex.time) < max(ex.time for ex in splits.test if ex.time)
    assert homes(splits) == {"late": {"test"}}
    assert [len(part) for _, part in splits] == [139, 30, 31]


def test_time_needs_times_and_enough_of_them() -> None:
    with pytest.raises(InputError, match=r"a\.csv:7: an example has no time"):
        split_examples([Example("t", "a", place=Place("a.csv", 7))], how="time")
    with pytest.raises(InputError, match=r"the times are too few to split by \(received 2 moments for 40 examples\)"):
        split_examples([Example(f"t{i}", "a", time=START + timedelta(i % 2)) for i in range(40)], how="time")


def test_given_splits_are_kept_and_dev_is_carved_from_train() -> None:
    rows = examples(170, split="train") + [Example(f"test {i}", "good", split="test") for i in range(30)]
    splits = split_examples(rows)
    assert splits.how == "given"
    assert [len(part) for _, part in splits] == [140, 30, 30]
    assert all(ex.split == "test" for ex in splits.test)
    assert Counter(ex.label for ex in splits.dev) == {"good": 24, "bad": 6}


def test_given_refuses_what_it_can_not_keep() -> None:
    with pytest.raises(InputError, match="a group stands in train and in test"):
        split_examples([Example("a", "x", split="train", group="g"), Example("b", "x", split="test", group="g")])
    with pytest.raises(InputError, match="bears no split where others do"):
        split_examples([Example("a", "x", split="test"), Example("b", "x")])
    with pytest.raises(InputError, match="no example is marked train"):
        split_examples([Example("a", "x", split="test")])


def test_all_marked_train_is_as_if_nothing_were_given() -> None:
    assert split_examples(examples(split="train")).how == "stratified"


def test_too_few_to_part_and_shares_that_do_not_add_up() -> None:
    with pytest.raises(InputError, match=r"received 5 examples, of which 2 can be parted"):
        split_examples([Example("same", "a")] * 4 + [Example("other", "b")])
    with pytest.raises(SettingsError, match="sum to one"):
        split_examples(examples(), shares=(0.5, 0.1, 0.1))


rows_strategy = st.lists(
    st.builds(
        Example,
        text=st.text("ab ", min_size=1, max_size=4),
        label=st.sampled_from("xyz"),
        group=st.none() | st.sampled_from("123456"),
        time=st.integers(0, 50).map(lambda days: START + timedelta(days=days)),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(rows_strategy, st.sampled_from(["stratified", "time", "group"]), st.integers(0, 3))
def test_any_split_is_a_partition_with_groups_on_one_side(rows: list[Example], how: str, seed: int) -> None:
    try:
        splits = split_examples(rows, how=how, seed=seed)  # type: ignore[arg-type]
    except InputError:
        return
    parts = [id(ex) for _, part in splits for ex in part]
    assert Counter(parts) == Counter(map(id, rows))
    assert all(part for _, part in splits)
    assert all(len(names) == 1 for names in homes(splits).values())


def test_questions_of_the_same_texts_are_split_alike() -> None:
    tone = [Example(f"text {i}", "bad" if i % 3 else "good", group=f"g{i // 2}") for i in range(200)]
    size = [Example(f"text {i}", "big" if i % 7 else "small", group=f"g{i // 2}") for i in range(100, 260)]
    aligned = align_splits({"tone": split_examples(tone, seed=1), "size": split_examples(size, seed=2)})
    home = {ex.text: name for name, part in aligned["tone"] for ex in part}
    assert home == {ex.text: name for name, part in split_examples(tone, seed=1) for ex in part}
    groups = {ex.group: name for name, part in aligned["tone"] for ex in part}
    moved = [(ex, name) for name, part in aligned["size"] for ex in part]
    assert {ex.text for ex, _ in moved} == {ex.text for ex in size}
    assert all(name == groups.get(ex.group, name) for ex, name in moved)
    assert len(homes(aligned["size"])) == 80
    assert all(len(names) == 1 for names in homes(aligned["size"]).values())


def test_questions_of_other_texts_keep_their_splits() -> None:
    tone, size = (split_examples([Example(f"{name} {i}", str(i % 2)) for i in range(60)]) for name in ("a", "b"))
    assert align_splits({"tone": tone, "size": size}) == {"tone": tone, "size": size}


def test_a_table_of_facts_alone_is_read_and_parted_whatever_its_order(tmp_path: Path) -> None:
    rows = "".join(f"{income},{'bad' if income < 100 else 'good'}\n" for income in range(200))
    (tmp_path / "cases.csv").write_text("income,label\n" + rows, encoding="utf-8")
    examples = read_examples(tmp_path / "cases.csv", Columns(text="", fields=("income",)))
    assert (examples[7].text, examples[7].fields) == ("", {"income": 7})
    test = split_examples(examples).test
    incomes = [ex.fields["income"] for ex in test]
    assert len(test) == 30
    assert max(incomes) - min(incomes) > 100, "the draw goes over the whole file"
    assert sum(ex.label == "bad" for ex in test) == 15
