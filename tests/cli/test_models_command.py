"""`fengkong models`."""

import json

import pytest

from fengkong import training
from fengkong.training import ListedBase

CACHED = ListedBase("someone/bert", "cached", "", "bert", 0, 12.0, "", usable=False, note="the base has no weights")
ENGLISH = ListedBase("minilm", "bundled", "en", "bert", 22_700_000, 90.9, "apache-2.0", note="English")
CHINESE = ListedBase("a/zh", "recommended", "zh, en", "bert", 24_000_000, 96.0, "mit")
GERMAN = ListedBase("a/de", "recommended", "de", "bert", 24_000_000, 96.0, "mit")


@pytest.fixture(autouse=True)
def _listed(monkeypatch):
    monkeypatch.setattr(training, "list_bases", lambda: [ENGLISH, CACHED, CHINESE, GERMAN])


def test_names_can_be_copied_and_size_licence_and_faults_are_told(fengkong):
    result = fengkong("models")
    assert result.code == 0
    lines = [line.strip() for line in result.out.splitlines()]
    assert lines[0] == "bundled"
    assert lines[1:3] == ["minilm", "en, bert, 23 M weights, 91 MB, apache-2.0; English"]
    assert "bert, 12 MB, licence not stated; can't be used: the base has no weights" in lines
    assert lines.index("someone/bert") < lines.index("a/zh")


def test_a_language_leaves_out_what_says_that_it_reads_others_alone(fengkong):
    listed = fengkong("models", "--language", "zh").out.split()
    assert "a/zh" in listed
    assert "someone/bert" in listed
    assert not {"minilm", "a/de"} & set(listed)


def test_for_machines(fengkong):
    found = json.loads(fengkong("models", "--json").out)
    assert [base["name"] for base in found] == ["minilm", "someone/bert", "a/zh", "a/de"]
    assert found[0]["parameters"] == 22_700_000
    assert found[1]["usable"] is False
