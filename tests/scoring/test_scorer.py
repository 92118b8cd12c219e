"""The real scorer: fields, calibration, length limits, chunks, and models that don't fit their bundle."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fengkong.domain.documents import Document
from fengkong.domain.errors import BundleError, FacilityError, InputError
from fengkong.scoring import engine as engine_module
from fengkong.scoring import reader as reader_module
from fengkong.scoring.bundle import Bundle, seal
from fengkong.scoring.calibration import softmax
from fengkong.scoring.fields import CategoryField, NumberField
from fengkong.scoring.scorer import Scorer

FIELDS = (NumberField(name="amount", edges=(0.0, 100.0)), CategoryField(name="home", values=("rent",)))


def scorer_of(path: Path) -> Scorer:
    return Scorer(Bundle.load(path), threads=1)


def test_fields_reach_the_model_and_unknown_values_count_as_missing(tiny_bundle) -> None:
    scorer = scorer_of(tiny_bundle(fields=FIELDS))
    docs = [Document("loan", {"amount": amount, "home": "RENT"}) for amount in (0, 50, "$100", "no idea", None)]
    none, half, full, words, missing = (sig.p for sig in scorer.score(docs))
    assert none < half < full == words == missing  # the tiny model weighs the flag of a missing number like a full bin
    by_table = scorer.probabilities([doc.text for doc in docs], [doc.fields for doc in docs])
    np.testing.assert_array_equal(by_table[:, 1], [none, half, full, words, missing])
    assert scorer.probabilities(["loan"])[0, 1] == scorer.probabilities(["loan"], [{}])[0, 1]


def test_a_document_without_any_field_that_the_model_reads_is_told(tiny_bundle) -> None:
    rows = [{}, {"strange": 3}, {spec.name: None for spec in FIELDS}, {FIELDS[0].name: 1}]
    docs = [Document("a loan", row) for row in rows]
    assert [sig.fieldless for sig in scorer_of(tiny_bundle(fields=FIELDS)).score(docs)] == [True, True, True, False]
    assert not any(sig.fieldless for sig in scorer_of(tiny_bundle(folder="text-only")).score(docs))


def test_fields_stay_with_their_text_when_batches_reorder(tiny_bundle) -> None:
    scorer = scorer_of(tiny_bundle(fields=FIELDS))
    docs = [Document("loan " * (at % 11), {"amount": at * 3, "home": "rent"}) for at in range(60)]
    together = [sig.p for sig in scorer.score(docs)]
    assert together == pytest.approx([scorer.score([doc])[0].p for doc in docs], abs=1e-6)


def test_temperature_softens_without_changing_the_label(tiny_bundle) -> None:
    sharp, soft = (scorer_of(tiny_bundle(temperature=t, folder=f"t{t}")) for t in (1.0, 4.0))
    texts = ["urgent loan", "calm loan", "fraud"]
    sure, less_sure = sharp.probabilities(texts), soft.probabilities(texts)
    assert (sure.argmax(axis=1) == less_sure.argmax(axis=1)).all()
    assert (sure.max(axis=1) > less_sure.max(axis=1)).all()
    np.testing.assert_allclose(
        np.log(sure[:, 1] / sure[:, 0]), 4 * np.log(less_sure[:, 1] / less_sure[:, 0]), rtol=1e-6
    )


def test_softmax_never_overflows_and_never_hides_a_nan() -> None:
    table = softmax(np.array([[1e30, -1e30], [0, 0], [np.nan, 0], [np.inf, 0], [-np.inf, 0]], dtype=np.float32), 0.05)
    np.testing.assert_array_equal(table[:2], [[1, 0], [0.5, 0.5]])
    assert np.isnan(table[2:]).all()


def test_what_was_not_read_is_counted(tiny_bundle) -> None:
    scorer = scorer_of(tiny_bundle(max_tokens=8))
    docs = [Document("loan " * 6), Document("loan " * 7), Document("loan " * 20), Document("loan " * 200_000)]
    exact = [sig.unread for sig in scorer.score(docs)]
    assert exact[:3] == [0, 1, 14]
    assert exact[3] == pytest.approx(200_000, rel=0.05)
    cut, whole = scorer.probabilities(["loan " * 6 + "urgent", "loan " * 6])
    np.testing.assert_array_equal(cut, whole)


def test_chunks_change_nothing(tiny_bundle, monkeypatch) -> None:
    scorer = scorer_of(tiny_bundle(fields=FIELDS))
    texts = ["urgent " * (at % 5) + "loan " * (at % 13) for at in range(50)]
    fields = [{"amount": at} for at in range(50)]
    whole = scorer.probabilities(texts, fields)
    monkeypatch.setattr(reader_module, "_CHUNK", 7)
    np.testing.assert_allclose(scorer.probabilities(texts, fields), whole, rtol=0, atol=1e-6)
    assert len(scorer.score([Document(text) for text in texts])) == 50


class Poisoned:
    """An engine that answers NaN for the texts of one length, and breaks on those of another."""

    def run(self, ids, mask, fields=None):
        if ids.shape[1] > 20:
            raise FacilityError("the model could not be run")
        logits = np.zeros((len(ids), 2), dtype=np.float32)
        logits[mask.sum(axis=1) == 5] = np.nan
        return logits


def test_a_score_that_is_not_finite_fails_for_its_document_only(tiny_bundle) -> None:
    scorer = scorer_of(tiny_bundle())
    scorer.reader._engine = Poisoned()
    good, bad, also_good = scorer.score([Document("a"), Document("a loan is"), Document("")])
    assert (bad.failed, bad.label, bad.p, bad.bundle) == (True, None, None, scorer.bundle_id)
    assert "finite" in bad.cause
    assert not good.failed
    assert not also_good.failed
    with pytest.raises(FacilityError, match="text 1"):
        scorer.probabilities(["a", "a loan is"])
    with pytest.raises(FacilityError, match="could not be run"):
        scorer.score([Document("a " * 25)])


def changed_model(folder: Path, change) -> Path:
    import onnx

    manifest = Bundle.load(folder).manifest
    model = onnx.load(folder / "model.onnx")
    change(model)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "manifest.json").unlink()
    seal(folder, manifest)
    return folder


def external(location: str):
    def change(model) -> None:
        tensor = model.graph.initializer[0]
        size = len(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = 1
        for key, value in (("location", location), ("length", str(size))):
            tensor.external_data.add(key=key, value=value)

    return change


def custom_op(model) -> None:
    model.graph.node[-1].domain = "evil.ops"
    model.opset_import.add(domain="evil.ops", version=1)


def renamed_input(model) -> None:
    for node in model.graph.node:
        node.input[:] = ["tokens" if name == "input_ids" else name for name in node.input]
    model.graph.input[0].name = "tokens"


def fewer_tokens(model) -> None:
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([3, 1])
    model.graph.initializer[0].raw_data = b"\0" * 12


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (external("model_card.md"), "stands alone"),
        (external("../outside.bin"), "stands alone"),
        (external("outside.bin"), "stands alone"),
        (custom_op, "stands alone"),
        (renamed_input, "must take input_ids, attention_mask and give logits"),
        (fewer_tokens, "can't run with its tokenizer"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(tiny_bundle, tmp_path, monkeypatch, change, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outside.bin").write_bytes(b"\0" * 4096)
    folder = changed_model(tiny_bundle(), change)
    with pytest.raises(BundleError, match=said) as caught:
        scorer_of(folder)
    assert "model.onnx" in caught.value.where


def test_a_model_of_other_labels_or_fields_is_refused(tiny_bundle) -> None:
    plain = tiny_bundle(folder="plain")
    three = tiny_bundle(("a", "b", "c"), folder="three")
    narrow = tiny_bundle(fields=FIELDS[:1], folder="narrow")
    wide = tiny_bundle(fields=FIELDS, folder="wide")
    for model, rest, said in (
        (three, plain, "2 logits"),
        (wide, plain, "must take input_ids, attention_mask and"),
        (plain, wide, "must take input_ids, attention_mask, fields and"),
        (wide, narrow, "can't run with its tokenizer, length limit and fields"),
    ):
        swapped = plain.parent / f"{model.name}_in_{rest.name}"
        swapped.mkdir()
        for name in ("tokenizer.json", "model_card.md"):
            (swapped / name).write_bytes((rest / name).read_bytes())
        (swapped / "model.onnx").write_bytes((model / "model.onnx").read_bytes())
        seal(swapped, Bundle.load(rest).manifest)
        with pytest.raises(BundleError, match=said):
            scorer_of(swapped)


def test_threads_are_explicit(tiny_bundle) -> None:
    with pytest.raises(InputError, match="at least one thread"):
        Scorer(Bundle.load(tiny_bundle()), threads=0)
    assert engine_module._options(3).intra_op_num_threads == 3


def test_importing_the_room_imports_nothing_heavy() -> None:
    script = (
        "import sys, fengkong.scoring as s; heavy = {'onnxruntime', 'tokenizers', 'torch', 'numpy', 'pydantic'};"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys(); s.Scorer; s.FakeScorer;"
        "assert 'torch' not in sys.modules; assert 'transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env=os.environ, timeout=60)  # noqa: S603
