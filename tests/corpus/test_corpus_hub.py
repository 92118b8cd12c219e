"""Hub data sets: which files, which split, and what is said when the hub can't be had. No network."""

import json
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import errors

from fengkong.corpus import read_examples
from fengkong.corpus.hub import choose_files, split_of
from fengkong.domain.errors import InputError


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A hub that can't be reached, and an empty cache."""

    def unreachable(*args: object, **options: object) -> None:
        raise errors.OfflineModeIsEnabled("offline")

    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", unreachable)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def test_offline_and_not_cached_names_the_cure(offline: Path) -> None:
    with pytest.raises(
        InputError, match=r"hf://owner/name: the hub can't be reached.*isn't wholly in its cache.*local file"
    ):
        read_examples("hf://owner/name")


def test_a_cached_set_is_read_offline_with_splits_from_its_file_names(offline: Path) -> None:
    repo = offline / "datasets--owner--name"
    snapshot = repo / "snapshots" / "0123abc"
    (snapshot / "data").mkdir(parents=True)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("0123abc")
    (snapshot / "data" / "train-00000-of-00001.csv").write_text("text,label\na,x\nb,y\n")
    (snapshot / "data" / "validation.csv").write_text("text,label\nc,x\n")
    (snapshot / "README.md").write_text("a card")
    examples = read_examples("hf://owner/name")
    assert [(ex.text, ex.split) for ex in examples] == [("a", "train"), ("b", "train"), ("c", "dev")]
    assert str(examples[2].place) == "hf://owner/name/data/validation.csv:2"

    (repo / "trees").mkdir()
    known = {path: {"size": 1, "blob_id": "0"} for path in ("data/validation.csv", "data/test.csv", "README.md")}
    (repo / "trees" / "0123abc.json").write_text(json.dumps({"format_version": 1, "files": known}))
    with pytest.raises(InputError, match="isn't wholly in its cache"):
        read_examples("hf://owner/name")  # the test file was never fetched: half a set does not pass for the set


def test_only_the_chosen_data_files_are_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    listed = ["README.md", "load.py", "train.jsonl", "test.jsonl", "train.csv"]
    (tmp_path / "train.jsonl").write_text('{"text": "a", "label": 0}\n')
    (tmp_path / "test.jsonl").write_text('{"text": "b", "label": 1}\n')
    asked: list[object] = []

    def download(name: str, *, allow_patterns: list[str], **options: object) -> str:
        asked.append((name, allow_patterns, options))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", lambda *args, **options: listed)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    examples = read_examples("hf://owner/name")
    assert [(ex.text, ex.split) for ex in examples] == [("b", "test"), ("a", "train")]
    assert asked == [("owner/name", ["test.jsonl", "train.jsonl"], {"repo_type": "dataset", "local_files_only": False})]


@pytest.mark.parametrize(
    ("raised", "sentence"),
    [(errors.RepositoryNotFoundError, "the hub has no such data set"), (errors.GatedRepoError, "closed to you")],
)
def test_a_missing_and_a_closed_set(monkeypatch: pytest.MonkeyPatch, raised: type[Exception], sentence: str) -> None:
    def answer(*args: object, **options: object) -> None:
        raise raised.__new__(raised)

    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", answer)
    with pytest.raises(InputError, match=f"hf://owner/name: .*{sentence}.*hf auth login"):
        read_examples("hf://owner/name")


@pytest.mark.parametrize("address", ["hf://", "hf://name", "hf://a/b/c/d", "hf://a//b"])
def test_a_malformed_address(address: str) -> None:
    with pytest.raises(InputError, match="write hf://owner/name"):
        read_examples(address)


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("data/train-00000-of-00002.parquet", "train"),
        ("en/val.jsonl", "dev"),
        ("test/part1.csv", "test"),
        ("test_bench/train.csv", "train"),
        ("latest_contest.csv", None),
    ],
)
def test_the_split_is_told_by_whole_words_of_the_name(path: str, split: str | None) -> None:
    assert split_of(path) == split


def test_one_configuration_in_one_format_is_chosen() -> None:
    listed = ["README.md", ".gitattributes", "dataset_infos.json", "data/train.csv", "data/train.parquet", "script.py"]
    assert choose_files(listed, None, "hf://a/b") == ["data/train.parquet"]
    several = ["en/train.csv", "zh/train.csv", "zh/test.csv"]
    assert choose_files(several, "zh", "hf://a/b/zh") == ["zh/test.csv", "zh/train.csv"]
    with pytest.raises(InputError, match=r"several configurations.*en, zh, as hf://a/b/en"):
        choose_files(several, None, "hf://a/b")
    with pytest.raises(InputError, match="no such configuration; there are en, zh"):
        choose_files(several, "fr", "hf://a/b/fr")
    with pytest.raises(InputError, match="no data files"):
        choose_files(["README.md"], None, "hf://a/b")
