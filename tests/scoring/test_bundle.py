"""A bundle loads whole and unchanged, or not at all, and the sentence says which part."""

import errno
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fengkong.domain.canonical import digest
from fengkong.domain.errors import BundleError, FacilityError
from fengkong.scoring.bundle import Bundle, seal
from fengkong.scoring.manifest import Manifest
from fengkong.scoring.scorer import Scorer


@pytest.fixture
def bundle(tiny_bundle) -> Path:
    return tiny_bundle()


def rewrite(folder: Path, change: Callable[[dict], object], *, reseal: bool = True) -> None:
    """Edit the manifest as a forger would who can compute its digest anew, or as one who can't."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    stated = content.pop("digest")
    change(content)
    stated = digest(json.loads(json.dumps(content))) if reseal else stated
    path.write_text(json.dumps({**content, "digest": stated}), encoding="utf-8")


def refusal(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        Scorer(Bundle.load(folder), threads=1)
    sentence = caught.value.sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_a_sealed_bundle_loads_with_the_bytes_that_were_hashed(bundle: Path) -> None:
    loaded = Bundle.load(bundle)
    assert loaded.model == (bundle / "model.onnx").read_bytes()
    assert loaded.tokenizer == (bundle / "tokenizer.json").read_bytes()
    assert loaded.id.startswith("sha256:")
    assert len(loaded.id) == len("sha256:") + 64
    assert set(loaded.manifest.files) == {"model.onnx", "tokenizer.json", "model_card.md"}
    assert Bundle.load(str(bundle)).id == loaded.id


def test_the_id_changes_with_any_file_and_with_the_manifest(tiny_bundle) -> None:
    ids = {Bundle.load(tiny_bundle(folder="a")).id, Bundle.load(tiny_bundle(folder="b", temperature=2.0)).id}
    card = tiny_bundle(folder="c", seal_it=False)
    (card / "model_card.md").write_text("another card", encoding="utf-8")
    seal(card, Bundle.load(tiny_bundle(folder="d")).manifest)
    assert len(ids | {Bundle.load(card).id}) == 3
    assert Bundle.load(card.parent / "a").id == Bundle.load(card.parent / "d").id


def test_scoring_goes_on_from_memory_when_the_folder_is_gone(bundle: Path) -> None:
    loaded = Bundle.load(bundle)
    for file in bundle.iterdir():
        file.write_bytes(b"")
    assert Scorer(loaded, threads=1).probabilities(["urgent"])[0, 1] > 0.9


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "model_card.md"])
def test_missing_changed_and_truncated_files_are_named(bundle: Path, name: str) -> None:
    path = bundle / name
    good = path.read_bytes()
    path.write_bytes(good + b" ")
    assert f"'{name}' was changed" in refusal(bundle)
    path.write_bytes(good[: len(good) // 2])
    assert f"'{name}' was changed or cut short" in refusal(bundle)
    path.write_bytes(bytes([good[0] ^ 1]) + good[1:])
    assert f"'{name}' was changed" in refusal(bundle)
    path.unlink()
    assert f"'{name}' is missing" in refusal(bundle)


def test_weights_are_hashed_too(bundle: Path) -> None:
    (bundle / "manifest.json").unlink()
    (bundle / "weights.safetensors").write_bytes(b"weights")
    seal(bundle, Manifest.model_validate(tiny_content()))
    Bundle.load(bundle)
    (bundle / "weights.safetensors").write_bytes(b"Weights")
    assert "'weights.safetensors' was changed" in refusal(bundle)


def tiny_content() -> dict[str, object]:
    return {
        "heads": ({"name": "risk", "labels": ("low", "high")},),
        "language": "en",
        "cleaning": "1",
        "max_tokens": 32,
        "precision": "fp32",
    }


def test_links_folders_and_unknown_files_are_refused(bundle: Path) -> None:
    extra = bundle / "config.json"
    extra.write_text('{"auto_map": {"AutoModel": "evil.Model"}}', encoding="utf-8")
    assert "'config.json' is unknown" in refusal(bundle)
    extra.unlink()
    (bundle / "onnx").mkdir()
    assert "'onnx' is a folder" in refusal(bundle)
    (bundle / "onnx").rmdir()
    os.mkfifo(bundle / "pipe")
    assert "'pipe' is not a plain file" in refusal(bundle)
    (bundle / "pipe").unlink()
    (bundle / "model.onnx").rename(bundle.parent / "elsewhere.onnx")
    (bundle / "model.onnx").symlink_to(bundle.parent / "elsewhere.onnx")
    assert "'model.onnx' is a link" in refusal(bundle)


def test_no_folder_and_no_manifest(bundle: Path) -> None:
    assert "there is no bundle folder" in refusal(bundle / "nowhere")
    assert "there is no bundle folder" in refusal(bundle / "model.onnx")
    (bundle / "manifest.json").unlink()
    assert "no manifest" in refusal(bundle)


def listed(name: str) -> Callable[[dict], object]:
    return lambda content: content["files"].update({name: "0" * 64})


FORGERIES = {
    "another format": (lambda c: c.update(format=1), "another format (received 1)"),
    "no format": (lambda c: c.pop("format"), "another format (received None)"),
    "another cleaning": (
        lambda c: c.update(cleaning="0"),
        "another version of the text cleaning (received cleaning '0'",
    ),
    "unknown key": (lambda c: c.update(auto_map={"x": "y"}), "the key 'auto_map' is not known"),
    "unknown key within": (lambda c: c["heads"][0].update(thresholds={"review_from": 0.1, "x": 1}), "thresholds"),
    "negative temperature": (lambda c: c["heads"][0].update(temperature=-1.0), "temperature: "),
    "zero temperature": (lambda c: c["heads"][0].update(temperature=0.0), "temperature: "),
    "text for a number": (lambda c: c.update(max_tokens="32"), "max_tokens: "),
    "labels twice": (lambda c: c["heads"][0].update(labels=["low", "low"]), "labels must differ"),
    "one label": (lambda c: c["heads"][0].update(labels=["low"], positive=None), "labels: "),
    "strange positive": (lambda c: c["heads"][0].update(positive="medium"), "positive must be one of the labels"),
    "a name that rules can't say": (lambda c: c["heads"][0].update(name="my risk"), "name must be an identifier"),
    "no head": (lambda c: c.update(heads=[]), "heads: "),
    "two heads of a name": (lambda c: c.update(heads=c["heads"] * 2), "heads must differ in name"),
    "a task of no kind": (lambda c: c["heads"][0].update(task="generation"), "task: "),
    "several labels without cutoffs": (lambda c: c["heads"][0].update(task="multilabel"), "cutoffs belong"),
    "a number without its scale": (
        lambda c: c["heads"][0].update(task="regression", labels=["value"], positive=None),
        "a scale belongs",
    ),
    "bands upside down": (
        lambda c: c["heads"][0].update(thresholds={"review_from": 0.9, "decline_from": 0.1}),
        "review_from",
    ),
    "edges that fall": (lambda c: c.update(fields=[{"kind": "number", "name": "x", "edges": [2.0, 1.0]}]), "ascend"),
    "a kind of field": (lambda c: c.update(fields=[{"kind": "pickle", "name": "x"}]), "fields.0"),
    "two fields of a name": (
        lambda c: c.update(fields=[{"kind": "number", "name": "x", "edges": [1.0]}] * 2),
        "fields must differ in name",
    ),
    "path upwards": (listed("../../etc/passwd"), "files names '../../etc/passwd'"),
    "absolute path": (listed("/etc/passwd"), "files names '/etc/passwd'"),
    "code": (listed("modeling.py"), "files names 'modeling.py'"),
    "itself": (listed("manifest.json"), "files names 'manifest.json'"),
    "not a hash": (lambda c: c["files"].update({"model.onnx": "x"}), "files.model.onnx"),
    "file not listed": (lambda c: c["files"].pop("model_card.md"), "'model_card.md' is unknown"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_manifest_is_refused_even_with_its_digest_right(bundle: Path, forgery: str) -> None:
    change, said = FORGERIES[forgery]
    rewrite(bundle, change)
    assert said in refusal(bundle)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["heads"][0].update(labels=["high", "low"]),
        lambda c: c["heads"][0].update(temperature=3.0),
        lambda c: c["metrics"].update(macro_f1=0.99),
        lambda c: c["training"].update(data_sha256="0" * 64),
    ],
)
def test_an_edited_manifest_is_caught_by_its_own_digest(bundle: Path, change: Callable[[dict], object]) -> None:
    rewrite(bundle, change, reseal=False)
    assert "changed after it was sealed" in refusal(bundle)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b'{"format": 2, "temperature": NaN}',
        b'{"format": 2, "temperature": 1e999}',
        b'{"format": 2, "format": 1}',
        b'{"format": 2, "metrics": ' + b"[" * 100_000,
        b'{"format": 2' + b"1" * 10_000 + b"}",
        b"\xff\xfe{}",
        b"\x80\x04\x95pickle",
    ],
)
def test_a_manifest_that_is_not_json_is_refused(bundle: Path, text: bytes) -> None:
    (bundle / "manifest.json").write_bytes(text)
    assert "can't be read as JSON" in refusal(bundle)


def test_two_hundred_mutations_are_all_caught(bundle: Path) -> None:
    Bundle.load(bundle)
    rng = np.random.default_rng(42)
    files = sorted(bundle.iterdir())
    for _ in range(200):
        path = files[rng.integers(len(files))]
        good = path.read_bytes()
        at = int(rng.integers(len(good)))
        flipped = good[:at] + bytes([good[at] ^ (1 << int(rng.integers(8)))]) + good[at + 1 :]
        bad = good[:at] if rng.random() < 0.5 else flipped
        path.write_bytes(bad)
        try:
            loaded = Bundle.load(bundle)
        except BundleError:
            pass
        else:  # a blank in the manifest may become another blank: the content is what is sealed
            assert path.name == "manifest.json"
            assert json.loads(bad) == json.loads(good), loaded
        finally:
            path.write_bytes(good)


class Payload:
    """Unpickling this makes the canary file."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, (str(self.canary),)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_pickle_in_place_of_a_part_runs_nothing(tiny_bundle, tmp_path: Path, name: str) -> None:
    folder = tiny_bundle(seal_it=False)
    canary = tmp_path / "canary"
    (folder / name).write_bytes(pickle.dumps(Payload(canary)))
    seal(folder, Manifest.model_validate(tiny_content()))
    assert name in refusal(folder)
    assert not canary.exists()


def test_sealing_refuses_what_would_not_load(tiny_bundle) -> None:
    folder = tiny_bundle(seal_it=False)
    manifest = Manifest.model_validate(tiny_content())
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(BundleError, match=r"pytorch_model\.bin"):
        seal(folder, manifest)
    (folder / "pytorch_model.bin").unlink()
    (folder / "model.onnx").rename(folder.parent / "model.onnx")
    with pytest.raises(BundleError, match=r"model\.onnx.*missing"):
        seal(folder, manifest)
    (folder.parent / "model.onnx").rename(folder / "model.onnx")
    sealed = seal(folder, manifest)
    assert Bundle.load(folder).manifest == sealed
    with pytest.raises(BundleError, match="sealed already"):
        seal(folder, manifest)


@pytest.mark.parametrize("step", ["fsync", "rename", "open"])
def test_a_full_disk_while_sealing_leaves_no_bundle(tiny_bundle, monkeypatch, step: str) -> None:
    folder = tiny_bundle(seal_it=False)
    genuine = getattr(os, step)

    def full(*args: object, **kwargs: object) -> object:
        if step != "open" or os.O_CREAT & int(args[1]):
            raise OSError(errno.ENOSPC, "No space left on device")
        return genuine(*args, **kwargs)

    before = {path.name for path in folder.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(os, step, full)
        with pytest.raises(FacilityError, match="disk is full"):
            seal(folder, Manifest.model_validate(tiny_content()))
    assert {path.name for path in folder.iterdir()} == before
    assert "no manifest" in refusal(folder)
    seal(folder, Manifest.model_validate(tiny_content()))
    Bundle.load(folder)
