"""Named entities read from tags and from offsets: what is right becomes spans, what is not has one clear sentence."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.corpus import Columns, ReadReport, check_examples, read_documents, read_examples, split_examples
from fengkong.corpus.entities import place_tokens, spans_of_tags
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.domain.findings import Severity
from fengkong.domain.spans import Span


def file_of(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_words_are_joined_with_blanks_and_tags_become_spans(tmp_path: Path) -> None:
    row = {"tokens": ["Mr.", "Chen", "left", "Acme", "Bank"], "tags": ["O", "B-PER", "O", "B-ORG", "I-ORG"]}
    (ex,) = read_examples(file_of(tmp_path / "ner.jsonl", row))
    assert ex.text == "Mr. Chen left Acme Bank"
    assert ex.entities == (Span(4, 8, "Chen", "PER"), Span(14, 23, "Acme Bank", "ORG"))
    assert ex.label == ""


def test_chinese_is_joined_without_blanks(tmp_path: Path) -> None:
    tags = ["B-ORG", "I-ORG", "I-ORG", "I-ORG", "O", "B-LOC", "I-LOC", "O", "O"]
    row = {"tokens": list("Zoox获美国投资"), "tags": tags}
    (ex,) = read_examples(file_of(tmp_path / "ner.jsonl", row))
    assert ex.text == "Zoox获美国投资"
    assert ex.entities == (Span(0, 4, "Zoox", "ORG"), Span(5, 7, "美国", "LOC"))


def test_words_of_both_languages_have_blanks_between_latin_ones_alone(tmp_path: Path) -> None:
    row = {"tokens": ["苹果", "发布", "iPhone", "Pro", "，", "大卖"], "tags": ["B-ORG", "O", "B-P", "I-P", "O", "O"]}
    (ex,) = read_examples(file_of(tmp_path / "ner.jsonl", row))
    assert ex.text == "苹果发布iPhone Pro，大卖"
    assert ex.entities is not None
    assert ex.entities[1] == Span(4, 14, "iPhone Pro", "P")


def test_neighbours_of_one_type_stay_apart(tmp_path: Path) -> None:
    row = {"tokens": ["Acme", "Zeta", "Bank"], "tags": ["B-ORG", "B-ORG", "I-ORG"]}
    (ex,) = read_examples(file_of(tmp_path / "ner.jsonl", row))
    assert [span.text for span in ex.entities or ()] == ["Acme", "Zeta Bank"]


def test_where_the_text_is_there_too_the_words_are_found_in_it(tmp_path: Path) -> None:
    row = {"text": "Acme  (NYSE:ACM), fell.", "tokens": ["Acme", "NYSE", "ACM"], "tags": ["B-ORG", "O", "B-ORG"]}
    (ex,) = read_examples(file_of(tmp_path / "ner.jsonl", row))
    assert ex.text == "Acme  (NYSE:ACM), fell."
    assert ex.entities == (Span(0, 4, "Acme", "ORG"), Span(12, 15, "ACM", "ORG"))


@pytest.mark.parametrize("key", ["label", "type"])
def test_character_offsets_are_read_in_order(tmp_path: Path, key: str) -> None:
    entities = [{"start": 5, "end": 7, key: "LOC", "text": "美国"}, {"start": 0, "end": 4, key: "ORG"}]
    path = file_of(
        tmp_path / "ner.jsonl", {"text": "Zoox获美国投资", "entities": entities}, {"text": "无", "entities": []}
    )
    first, second = read_examples(path)
    assert first.entities == (Span(0, 4, "Zoox", "ORG"), Span(5, 7, "美国", "LOC"))
    assert second.entities == ()


def test_a_table_holds_them_as_json(tmp_path: Path) -> None:
    cell = json.dumps([{"start": 0, "end": 4, "label": "ORG"}]).replace('"', '""')
    (tmp_path / "ner.csv").write_text(f'text,entities\nAcme fell,"{cell}"\n')
    (ex,) = read_examples(tmp_path / "ner.csv")
    assert ex.entities == (Span(0, 4, "Acme", "ORG"),)


def test_tags_of_hub_sets_are_read_by_their_names(tmp_path: Path) -> None:
    features = {"ner_tags": {"_type": "Sequence", "feature": {"_type": "ClassLabel", "names": ["O", "B-ORG", "I-ORG"]}}}
    frame = pl.DataFrame({"tokens": [["Acme", "Bank", "fell"]], "ner_tags": [[1, 2, 0]]})
    frame.write_parquet(
        tmp_path / "ner.parquet", metadata={"huggingface": json.dumps({"info": {"features": features}})}
    )
    (ex,) = read_examples(tmp_path / "ner.parquet")
    assert ex.entities == (Span(0, 9, "Acme Bank", "ORG"),)


def test_texts_to_score_need_words_alone(tmp_path: Path) -> None:
    (doc,) = read_documents(file_of(tmp_path / "ner.jsonl", {"tokens": ["Acme", "fell"]}))
    assert doc.text == "Acme fell"


def test_a_list_of_names_beside_a_label_is_passed_over(tmp_path: Path) -> None:
    report = ReadReport()
    path = file_of(tmp_path / "a.jsonl", {"text": "Acme fell", "label": "bad", "entities": ["Acme"]})
    (ex,) = read_examples(path, report=report)
    assert (ex.label, ex.entities) == ("bad", None)
    assert "entities" in report.passed_over


TOKENS = {"tokens": ["Acme", "Bank"]}
TEXT = "Acme Bank fell"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({**TOKENS, "tags": ["O", "I-ORG"]}, r"no valid BIO \(received tag 2 is I-ORG after no entity\); begin.*B-ORG"),
        ({**TOKENS, "tags": ["B-PER", "I-ORG"]}, "tag 2 is I-ORG after PER"),
        ({**TOKENS, "tags": ["O"]}, "1 tags for 2 words"),
        ({**TOKENS, "tags": ["B-ORG", "E-ORG"]}, "unknown tag.*tag 2 is 'E-ORG'.*of BIOES, S is B and E is I"),
        ({**TOKENS, "tags": ["B-ORG", "ORG"]}, "unknown tag.*'ORG'"),
        ({**TOKENS, "tags": ["B-", "O"]}, "unknown tag.*'B-'"),
        ({**TOKENS, "tags": [1, 2]}, "no list of tags.*names such as O, B-ORG and I-ORG, not numbers"),
        ({**TOKENS, "tags": None}, "no list of tags"),
        ({"tokens": ["Acme", ""], "tags": ["O", "O"]}, "no list of words.*item 2 is empty"),
        ({"tokens": [], "tags": []}, "no list of words"),
        ({"tokens": "Acme Bank", "tags": ["O", "O"]}, r'no list of words; write \["a", "b"\]'),
        ({**TOKENS, "text": "Acme fell", "tags": ["O", "O"]}, "words don't follow.*word 2 of 2 is not found"),
        (
            {"text": TEXT, "entities": [{"start": 0, "end": 40, "label": "ORG"}]},
            r"outside of the text.*\[0, 40\) of 14",
        ),
        ({"text": TEXT, "entities": [{"start": -1, "end": 4, "label": "ORG"}]}, "outside of the text"),
        ({"text": TEXT, "entities": [{"start": 4, "end": 4, "label": "ORG"}]}, r"is empty \(received \[4, 4\)\)"),
        ({"text": TEXT, "entities": [{"start": 4, "end": 5, "label": "ORG"}]}, "is empty"),
        ({"text": TEXT, "entities": [{"start": 0, "end": 4, "label": ""}]}, "lacks start, end or label"),
        ({"text": TEXT, "entities": [{"start": "0", "end": 4, "label": "A"}]}, "lacks start, end or label"),
        ({"text": TEXT, "entities": ["Acme"]}, r'is no object \(received str\); write \{"start"'),
        ({"text": TEXT, "entities": None}, r"no entities.*write \[\] where a text has none"),
        (
            {"text": TEXT, "entities": [{"start": 5, "end": 9, "label": "A"}, {"start": 0, "end": 6, "label": "B"}]},
            r"overlap.*\[0, 6\) and \[5, 9\)\); keep one",
        ),
        ({"text": TEXT, "entities": [{"start": 0, "end": 3, "label": "A", "text": "Acme"}]}, "says another text"),
    ],
)
def test_each_bad_row_has_one_sentence_with_its_place(tmp_path: Path, row: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        read_examples(file_of(tmp_path / "ner.jsonl", row))
    assert "ner.jsonl:1: " in str(caught.value)
    assert "Acme" not in str(caught.value)


def test_bad_rows_can_be_set_aside(tmp_path: Path) -> None:
    good, bad = {**TOKENS, "tags": ["B-ORG", "I-ORG"]}, {**TOKENS, "tags": ["I-ORG", "O"]}
    path = file_of(tmp_path / "ner.jsonl", bad, good)
    examples = read_examples(path, on_bad_row="skip", rejects=tmp_path / "rejects.jsonl")
    assert [ex.place.line for ex in examples] == [2]
    assert "B-ORG" in (tmp_path / "rejects.jsonl").read_text()


def test_tags_need_their_words(tmp_path: Path) -> None:
    path = file_of(tmp_path / "ner.jsonl", {"text": "Acme", "tags": ["O"]})
    with pytest.raises(InputError, match="tags need the words"):
        read_examples(path, Columns(tags="tags"))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.text("ab中，Z9", min_size=1, max_size=3), st.sampled_from(["O", "ORG", "PER", "+"])), min_size=1
    )
)
def test_every_entity_is_what_its_words_say(words: list[tuple[str, str]]) -> None:
    tags: list[str] = []
    for _, kind in words:
        going_on = kind == "+" and tags and tags[-1] != "O"
        tags.append(f"I-{tags[-1][2:]}" if going_on else "O" if kind in "O+" else f"B-{kind}")
    text, places = place_tokens([word for word, _ in words])
    spans = spans_of_tags(text, places, tags, "tags")
    assert [text[start:end] for start, end in places] == [word for word, _ in words]
    assert len(spans) == sum(tag.startswith("B-") for tag in tags)
    assert all(text[span.start : span.end] == span.text for span in spans)
    covered = {at for span in spans for at in range(span.start, span.end)}
    for (start, end), tag in zip(places, tags, strict=True):
        assert set(range(start, end)) <= covered if tag != "O" else not covered & set(range(start, end))


def labelled(text: str, *entities: tuple[int, int, str], split: str = "train") -> Example:
    return Example(text, "", split=split, entities=tuple(Span(a, b, text[a:b], label) for a, b, label in entities))


def test_findings_about_entities() -> None:
    train = [labelled(f"Acme owes firm {n}", (0, 4, "ORG")) for n in range(12)]
    train += [labelled("Acme owes us", (0, 4, "PER")), labelled("acme owes us", (5, 9, "ORG"))]
    dev, test = labelled("Zeta lends", (0, 4, "LOC"), split="dev"), labelled("Acme lends", (0, 4, "ORG"), split="test")
    found = {f.code: f for f in check_examples(split_examples([*train, dev, test]), token_lengths=_words, max_tokens=1)}
    assert {"D201", "D202", "D203", "D204", "D205", "D206"} <= found.keys()
    assert not {"D003", "D005", "D007"} & found.keys()
    assert found["D204"].severity is Severity.ERROR
    assert "'LOC'" in found["D204"].message
    assert "1 entities lie beyond" in found["D203"].message
    assert "'PER' (1)" in found["D206"].message
    assert not any("Acme" in finding.message for finding in found.values())


def test_no_entity_at_all_is_an_error() -> None:
    examples = [labelled(f"firm {n}", split=split) for n, split in enumerate(("train", "dev", "test"))]
    assert "D207" in {finding.code for finding in check_examples(split_examples(examples))}


def _words(texts: Any) -> list[int]:
    return [len(text.split()) for text in texts]
