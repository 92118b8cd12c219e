"""Entity figures against their definition, and the dictionary that stands below every tagger."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError
from fengkong.domain.spans import Span
from fengkong.training.measuring.entity_metrics import entity_figures
from fengkong.training.measuring.gazetteer import Gazetteer

LABELS = ("LOC", "ORG", "PER")
TAGS = ("O", *(f"{prefix}-{label}" for label in LABELS for prefix in "BI"))


def conlleval(tags: list[str]) -> list[tuple[int, int, str]]:
    """Chunks as conlleval and seqeval read them from any tags: an I after another type begins one."""
    chunks: list[tuple[int, int, str]] = []
    previous = "O"
    for at, tag in enumerate(tags):
        if tag != "O":
            if tag[0] == "B" or previous == "O" or previous[2:] != tag[2:]:
                chunks.append((at, at + 1, tag[2:]))
            else:
                chunks[-1] = (chunks[-1][0], at + 1, tag[2:])
        previous = tag
    return chunks


def spans(chunks: list[tuple[int, int, str]]) -> list[Span]:
    return [Span(start, end, "x" * (end - start), label) for start, end, label in chunks]


sequences = st.lists(
    st.tuples(*(st.lists(st.sampled_from(TAGS), max_size=6) for _ in range(2))), min_size=1, max_size=5
)


@settings(deadline=None, max_examples=150)
@given(sequences)
def test_figures_follow_the_definition(pairs: list[tuple[list[str], list[str]]]) -> None:
    truth, answers = [conlleval(a) for a, _ in pairs], [conlleval(b) for _, b in pairs]
    found = entity_figures([spans(c) for c in truth], [spans(c) for c in answers], LABELS, resamples=0)
    ours = Counter((row, *chunk) for row, chunks in enumerate(truth) for chunk in chunks)
    theirs = Counter((row, *chunk) for row, chunks in enumerate(answers) for chunk in chunks)

    def three(label: str | None) -> tuple[float | None, float | None, float | None]:
        marked = [key for key in ours if label in (None, key[3])]
        said = [key for key in theirs if label in (None, key[3])]
        right = len(set(marked) & set(said))
        return (
            right / len(said) if said else None,
            right / len(marked) if marked else None,
            2 * right / (len(said) + len(marked)) if said or marked else None,
        )

    whole = tuple(found.figures[name].value for name in ("precision", "recall", "entity_f1"))
    assert whole == pytest.approx(three(None))
    for part in found.labels:
        assert tuple(part.figures[name].value for name in ("precision", "recall", "f1")) == pytest.approx(
            three(part.label)
        )
        assert part.support == sum(key[3] == part.label for key in ours)
    f1s = [f1 for label in LABELS if (f1 := three(label)[2]) is not None]
    assert found.figures["macro_f1"].value == (pytest.approx(sum(f1s) / len(f1s)) if f1s else None)


def test_half_an_entity_is_a_miss_and_a_false_alarm() -> None:
    found = entity_figures([[Span(0, 9, "Acme Bank", "ORG")]], [[Span(0, 4, "Acme", "ORG")]], LABELS, resamples=0)
    assert {found.figures[name].value for name in ("precision", "recall", "entity_f1")} == {0.0}


def test_blanks_at_the_ends_are_no_part_of_an_entity() -> None:
    found = entity_figures([[Span(0, 5, "Acme ", "ORG")]], [[Span(0, 4, "Acme", "ORG")]], LABELS, resamples=0)
    assert found.figures["entity_f1"].value == 1.0


def test_intervals_are_drawn_over_documents() -> None:
    marked = [[Span(0, 1, "x", "ORG")]] * 40
    answers = [[Span(0, 1, "x", "ORG")] if row % 2 else [] for row in range(40)]
    recall = entity_figures(marked, answers, LABELS).figures["recall"]
    assert recall.low is not None
    assert recall.high is not None
    assert 0.2 < recall.low < 0.5 < recall.high < 0.8


def test_a_type_that_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match=r"text 1: an entity type is not known \(received ORD\); did you mean 'ORG'"):
        entity_figures([[Span(0, 1, "x", "ORD")]], [[]], LABELS)
    with pytest.raises(InputError, match="1 texts marked, 0 answers"):
        entity_figures([[]], [], LABELS)


def marked(text: str, **named: str) -> Example:
    entities = sorted(
        (Span(at, at + len(words), words, label) for label, words in named.items() if (at := text.index(words)) >= 0),
        key=lambda span: span.start,
    )
    return Example(text, "", entities=tuple(entities))


def test_the_dictionary_takes_the_longest_name_and_its_usual_type() -> None:
    names = Gazetteer(
        [
            marked("Acme fell in Rome", ORG="Acme", LOC="Rome"),
            marked("Acme Bank fell", ORG="Acme Bank"),
            marked("Acme left", PER="Acme"),
            marked("Acme rose", ORG="Acme"),
            marked("腾讯控股大涨", ORG="腾讯控股"),
        ]
    )
    assert [(span.text, span.label) for span in names.find("In Rome Acme Bank met Acme")] == [
        ("Rome", "LOC"),
        ("Acme Bank", "ORG"),
        ("Acme", "ORG"),
    ]
    assert names.find("腾讯控股与腾讯") == (Span(0, 4, "腾讯控股", "ORG"),)
    assert names.find("acme") == ()


def test_a_name_that_is_mostly_left_unmarked_is_none() -> None:
    texts = [marked("May left", PER="May"), *(marked(f"it may fall in May {year}") for year in range(3))]
    assert Gazetteer(texts).find("May rose") == ()
