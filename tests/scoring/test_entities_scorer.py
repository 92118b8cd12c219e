"""A sealed bundle that finds entities: spans of the original text, a label, probabilities, and its refusals."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from fengkong.domain.documents import Document
from fengkong.domain.errors import BundleError
from fengkong.scoring.bundle import Bundle, seal
from fengkong.scoring.chains import tag_names
from fengkong.scoring.manifest import Head, Manifest
from fengkong.scoring.scorer import Scorer
from fengkong.scoring.windows import Windows
from fengkong.text.cleaning import CLEANING_VERSION

TYPES = ("LOC", "ORG")
# The model knows words only: each speaks for one tag.
SPEAKS = {"acme": "B-ORG", "bank": "I-ORG", "rome": "B-LOC", "美": "B-LOC", "国": "I-LOC", "lost": "I-LOC"}
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *SPEAKS, "fell", "in", ","]


def tokenizer() -> str:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    words.normalizer = normalizers.BertNormalizer(lowercase=True)
    words.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return words.to_str()


def graph(*, each_token: bool = True) -> bytes:
    """A table of logits looked up by token id; the mask is added times nought, so that the graph takes it."""
    from onnx import TensorProto, helper, numpy_helper

    tags = tag_names(TYPES)
    table = np.zeros((len(VOCABULARY), len(tags)), dtype=np.float32)
    table[:, 0] = 2.0
    for word, tag in SPEAKS.items():
        table[VOCABULARY.index(word), tags.index(tag)] = 8.0
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["looked_up"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["mask", "nought"], ["nothing"]),
        helper.make_node("Unsqueeze", ["nothing", "last"], ["beside"]),
        helper.make_node("Add", ["looked_up", "beside"], ["logits" if each_token else "by_token"]),
    ]
    if not each_token:
        nodes.append(helper.make_node("ReduceMean", ["by_token"], ["logits"], axes=[1], keepdims=0))
    tokens = [helper.make_tensor_value_info(n, TensorProto.INT64, ["b", "t"]) for n in ("input_ids", "attention_mask")]
    out = helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)
    constants = [
        numpy_helper.from_array(table, "table"),
        numpy_helper.from_array(np.zeros(1, np.float32), "nought"),
        numpy_helper.from_array(np.array([2], np.int64), "last"),
    ]
    drawn = helper.make_graph(nodes, "tagger", tokens, [out], constants)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(drawn, opset_imports=opset, ir_version=8).SerializeToString()


@pytest.fixture
def tagger(tmp_path: Path) -> Callable[..., Bundle]:
    def make(
        model: bytes | None = None, max_tokens: int = 24, windows: Windows | None = None, **head: object
    ) -> Bundle:
        path = tmp_path / "bundle"
        path.mkdir()
        (path / "model.onnx").write_bytes(model or graph())
        (path / "tokenizer.json").write_text(tokenizer(), encoding="utf-8")
        (path / "model_card.md").write_text("# A tiny tagger\n", encoding="utf-8")
        manifest = Manifest(
            heads=(Head(name="names", task="entities", labels=TYPES, **head),),
            language="mul",
            cleaning=CLEANING_VERSION,
            max_tokens=max_tokens,
            windows=windows,
            precision="fp32",
        )
        seal(path, manifest)
        return Bundle.load(path)

    return make


def named(scorer: Scorer, text: str) -> list[tuple[str, str]]:
    (signal,) = scorer.score([Document(text)])
    assert all(text[span.start : span.end] == span.text for span in signal.spans)
    return [(span.text, span.label) for span in signal.spans]


def test_spans_are_of_the_original_text(tagger: Callable[..., Bundle]) -> None:
    scorer = Scorer(tagger(), threads=1)
    assert named(scorer, "Acme Bank fell in Rome") == [("Acme Bank", "ORG"), ("Rome", "LOC")]
    assert named(scorer, "acme  \u200bＢａnk, fell 在美国") == [("acme  \u200bＢａnk", "ORG"), ("美国", "LOC")]
    assert named(scorer, "call 13800138000  acme") == [("acme", "ORG")]
    assert named(scorer, "") == []


def test_the_signal_says_which_types_and_how_surely(tagger: Callable[..., Bundle]) -> None:
    scorer = Scorer(tagger(positive="LOC"), threads=1)
    both, one, none = scorer.score([Document("Acme fell in Rome"), Document("Acme fell"), Document("fell")])
    assert (both.label, one.label, none.label) == ("LOC|ORG", "ORG", "")
    assert both.p == both.probabilities["LOC"] > 0.9
    assert one.p == one.probabilities["LOC"] < 0.1
    assert all(0.8 < span.weight <= 1 for span in both.spans)
    assert none.spans == ()
    assert not none.failed
    np.testing.assert_allclose(
        scorer.probabilities(["Acme fell in Rome"])[0], [both.probabilities[label] for label in TYPES]
    )


def test_no_answer_begins_within_an_entity(tagger: Callable[..., Bundle]) -> None:
    scorer = Scorer(tagger(), threads=1)
    for text in ("bank fell", "lost", "rome bank", "acme lost"):  # each has an I that may not stand there
        for signal in scorer.score([Document(text)]):
            assert all(span.label in TYPES for span in signal.spans)
    assert named(scorer, "acme lost rome") != []


def test_trained_transitions_are_heard(tagger: Callable[..., Bundle]) -> None:
    tags = tag_names(TYPES)
    forbid = [[0.0] * len(tags) for _ in range(1 + len(tags))]
    for row in forbid:
        row[tags.index("B-LOC")] = -50.0
    scorer = Scorer(tagger(transitions=tuple(map(tuple, forbid))), threads=1)
    assert named(scorer, "Acme Bank fell in Rome") == [("Acme Bank", "ORG")]


def test_what_is_not_read_is_told_and_what_is_read_is_found(tagger: Callable[..., Bundle]) -> None:
    scorer = Scorer(tagger(max_tokens=5), threads=1)
    (signal,) = scorer.score([Document("Acme fell in Rome " * 4)])
    assert [span.text for span in signal.spans] == ["Acme"]
    assert signal.unread == 16 - 3


def test_windows_find_each_entity_once_and_whole(tagger: Callable[..., Bundle]) -> None:
    """Windows of four words that share two: every name stands at the edge of some window, or goes on in the next."""
    scorer = Scorer(tagger(max_tokens=6, windows=Windows(most=40, overlap=2, pooling="mean")), threads=1)
    text = "fell in Acme Bank , Acme bank bank bank bank bank in Rome 美国 fell " * 3
    assert (
        named(scorer, text)
        == [
            ("Acme Bank", "ORG"),
            ("Acme bank bank bank bank bank", "ORG"),
            ("Rome", "LOC"),
            ("美国", "LOC"),
        ]
        * 3
    )
    (signal,) = scorer.score([Document(text)])
    assert signal.unread == 0
    assert [span.start for span in signal.spans] == sorted(span.start for span in signal.spans)
    assert all(0.5 < span.weight <= 1 for span in signal.spans)


def test_what_lies_beyond_the_windows_is_told(tagger: Callable[..., Bundle]) -> None:
    scorer = Scorer(tagger(max_tokens=6, windows=Windows(most=2, overlap=2, pooling="mean")), threads=1)
    first, short = scorer.score([Document("Acme fell in Rome " * 4), Document("Rome")])
    assert [span.text for span in first.spans] == ["Acme", "Rome", "Acme"]  # of four words and two more
    assert first.unread == 16 - 6
    assert (short.unread, [span.text for span in short.spans]) == (0, ["Rome"])


def test_answers_do_not_depend_on_what_is_scored_together(tagger: Callable[..., Bundle]) -> None:
    scorer = Scorer(tagger(), threads=1)
    texts = ["Acme Bank", "", "fell in Rome " * 5, "美国 acme", "fell"]
    together = scorer.score([Document(text) for text in texts])
    alone = [scorer.score([Document(text)])[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert [replace(span, weight=0.0) for span in one.spans] == [replace(span, weight=0.0) for span in other.spans]
        assert one.probabilities == pytest.approx(other.probabilities)


def test_a_graph_that_answers_for_the_text_is_refused(tagger: Callable[..., Bundle]) -> None:
    with pytest.raises(BundleError, match="5 logits a token"):
        Scorer(tagger(graph(each_token=False)), threads=1)


def test_a_manifest_holds_transitions_for_entities_alone_and_of_their_size() -> None:
    with pytest.raises(ValidationError, match="transitions belong to entities"):
        Head(name="names", task="entities", labels=TYPES, transitions=((0.0,),))
    with pytest.raises(ValidationError, match="transitions belong to entities"):
        Head(name="risk", labels=("low", "high"), transitions=((0.0, 0.0),) * 3)
