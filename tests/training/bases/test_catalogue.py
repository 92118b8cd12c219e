"""The list of bases: what lies in a cache is told as it is, without loading or fetching anything."""

import os
import shutil

import pytest

from fengkong.training.bases import catalogue, finding
from fengkong.training.bases.catalogue import RECOMMENDED, list_bases
from fengkong.training.bases.from_scratch import KINDS, make_base

CARD = "---\nlanguage:\n- zh\n- en\nlicense: apache-2.0\n---\n# A base\n"


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = make_base("bert", ["steady income 收入稳定"], tmp_path_factory.mktemp("made") / "bert")
    (folder / "README.md").write_text(CARD)
    return folder


def into_cache(cache, name, folder, revision="a" * 40):
    """Lay a folder out as the hub's client keeps it."""
    repo = cache / f"models--{name.replace('/', '--')}"
    snapshot = repo / "snapshots" / revision
    shutil.copytree(folder, repo / "blobs")
    snapshot.mkdir(parents=True)
    for file in (repo / "blobs").iterdir():
        (snapshot / file.name).symlink_to(os.path.relpath(file, snapshot))
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(revision)
    return snapshot


def test_a_cached_base_is_told_with_size_licence_and_language(bert, tmp_path):
    into_cache(tmp_path, "someone/bert", bert)
    (found,) = (base for base in list_bases(tmp_path) if base.place == "cached")
    assert (found.name, found.kind, found.language, found.licence) == ("someone/bert", "bert", "zh, en", "apache-2.0")
    assert found.usable
    assert found.megabytes == round((bert / "model.safetensors").stat().st_size / 1e6, 1)
    assert 4 * found.parameters == pytest.approx((bert / "model.safetensors").stat().st_size, rel=0.1)


def test_what_can_not_be_used_says_why(bert, tmp_path):
    broken = shutil.copytree(bert, tmp_path / "broken")
    (broken / "model.safetensors").rename(broken / "pytorch_model.bin")
    (broken / "README.md").unlink()
    into_cache(tmp_path / "cache", "someone/pickled", broken)
    (found,) = (base for base in list_bases(tmp_path / "cache") if base.place == "cached")
    assert not found.usable
    assert found.note == "the base model has no safetensors weights"
    assert (found.parameters, found.licence) == (0, "")


def test_a_recommended_base_in_the_cache_is_listed_once_with_its_note(bert, tmp_path):
    name = RECOMMENDED[0].name
    into_cache(tmp_path, name, bert)
    found = [base for base in list_bases(tmp_path) if base.name == name]
    assert [base.place for base in found] == ["cached"]
    assert found[0].note == RECOMMENDED[0].note


def test_without_a_cache_the_bundled_and_the_recommended_ones_remain(tmp_path, monkeypatch):
    bases = list_bases(tmp_path / "none")
    assert {base.place for base in bases} <= {"bundled", "recommended"}
    monkeypatch.setattr(finding, "MINILM_PACKAGE", "no_such_package_here")
    assert list_bases(tmp_path / "none") == list(catalogue.RECOMMENDED)


def test_recommended_bases_are_of_kinds_that_are_tested_and_open():
    languages = ", ".join(base.language for base in RECOMMENDED)
    assert all(language in languages for language in ("en", "zh", "multilingual"))
    for base in RECOMMENDED:
        assert base.kind in KINDS
        assert base.licence in {"apache-2.0", "mit"}
        assert 4 * base.parameters < 2**31, "it could not be sealed in one graph"
