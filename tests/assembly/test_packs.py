"""Every pack, in both languages: a workspace that passes its own checks and decides on its own sample."""

import json
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fengkong import corpus, rules
from fengkong.assembly import PACKS, Settings, System, create_workspace
from fengkong.assembly.pack import find_pack
from fengkong.corpus.simulation.language import Language
from fengkong.domain import Decision, Document, FieldValue, Outcome, RuleState, SettingsError
from fengkong.ledger import MemoryLedger
from fengkong.scoring import FakeScorer

Make = Callable[[str, Language], Settings]
EVERY = [pytest.param(pack, language, id=f"{pack}-{language}") for pack in PACKS for language in ("en", "zh")]


class Oracle(FakeScorer):
    """Answers the probabilities that the truth of a sample says, as the best of all models would."""

    def __init__(self, name: str, positive: str | None, known: Mapping[str, Mapping[str, float]]) -> None:
        super().__init__(name, tuple(next(iter(known.values()))), positive=positive)
        self._known = known

    def probabilities(
        self,
        texts: Sequence[str],
        fields: Sequence[Mapping[str, FieldValue]] | None = None,
        pairs: Sequence[str] | None = None,
    ) -> NDArray[np.float64]:
        return np.array([[self._known[text][label] for label in self.labels] for text in texts])


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def oracles(settings: Settings) -> dict[str, Oracle]:
    texts = [str(row["text"]) for row in rows(settings.folder / "data.jsonl")]
    truths = rows(settings.folder / "truth.jsonl")
    found = {}
    for name, question in settings.model.asked.items():
        known = {text: probabilities(truth, name) for text, truth in zip(texts, truths, strict=True)}
        found[name] = Oracle(name, question.positive, known)
    return found


def probabilities(truth: Mapping[str, object], question: str) -> Mapping[str, float]:
    if isinstance(bad := truth.get("probability"), float):  # a loan: of the label bad
        return {"bad": bad, "good": 1 - bad}
    of_questions = truth["probabilities"]
    assert isinstance(of_questions, dict)
    return dict(of_questions[question])


def decide_with_oracles(settings: Settings, docs: Sequence[Document] | None = None) -> list[Decision]:
    """Decisions on the sample, or on other documents, as the workspace would make them with the best of models."""
    with System(settings) as system:
        system.__dict__.update(scorers=oracles(settings), ledger=MemoryLedger())
        return system.decide_many(corpus.read_documents(settings.source) if docs is None else docs)


def test_the_packs_that_are_promised_are_there() -> None:
    assert set(PACKS) == {"loan", "fraud", "credit", "market", "service", "incident"}


@pytest.mark.parametrize(("pack", "language"), EVERY)
def test_a_new_workspace_passes_its_own_checks(pack_workspace: Make, pack: str, language: Language) -> None:
    settings = pack_workspace(pack, language)
    assert (settings.name, settings.language) == (f"my-{pack}", language)
    assert rules.check(settings.path(settings.decisions.rules)) == []
    for name, question in settings.model.asked.items():
        columns = corpus.Columns(**settings.data_of(name).columns.model_dump())
        examples = corpus.read_examples(settings.source, columns)
        assert len(examples) == 240
        assert question.positive in {None, *(ex.label for ex in examples)}
        splits = corpus.split_examples(examples, how=settings.data.split)
        codes = {finding.code for finding in corpus.check_examples(splits)}
        assert not codes & {"D003", "D008", "D009", "D010", "D011", "D014", "D015"}


@pytest.mark.parametrize(("pack", "language"), EVERY)
def test_its_truth_explains_its_labels(pack_workspace: Make, pack: str, language: Language) -> None:
    settings = pack_workspace(pack, language)
    data, truths = rows(settings.folder / "data.jsonl"), rows(settings.folder / "truth.jsonl")
    assert [row["id"] for row in data] == [truth["id"] for truth in truths]
    for row, truth in zip(data, truths, strict=True):
        labels = truth.get("labels") or {settings.model.name: truth["label"]}
        assert isinstance(labels, dict)
        for name, question in settings.model.asked.items():
            assert row[question.label or "label"] == labels[name]
        for span in truth["planted"]:  # type: ignore[attr-defined]
            assert str(row["text"])[span["start"] : span["end"]] == span["text"]


@pytest.mark.parametrize(("pack", "language"), EVERY)
def test_what_waits_bears_no_label_and_is_new(pack_workspace: Make, pack: str, language: Language) -> None:
    settings = pack_workspace(pack, language)
    waiting = rows(settings.path(settings.decisions.applications))
    data = rows(settings.folder / "data.jsonl")
    assert len(waiting) >= 40
    assert {key for row in waiting for key in row} <= {"id", "text", "pair", "time", "fields"}
    assert not {row["text"] for row in waiting} & {row["text"] for row in data}
    assert min(str(row["time"]) for row in waiting) >= max(str(row["time"]) for row in data)


@pytest.mark.parametrize(("pack", "language"), EVERY)
def test_a_good_model_leads_to_every_outcome(pack_workspace: Make, pack: str, language: Language) -> None:
    settings = pack_workspace(pack, language)
    decided = decide_with_oracles(settings)
    outcomes = Counter(dec.outcome for dec in decided)
    assert set(outcomes) == set(Outcome)
    assert outcomes[Outcome.APPROVE] > 24
    assert not [rule for dec in decided for rule in dec.trace.rules if rule.state is RuleState.ERROR]
    for dec in decided:
        for reason in dec.reasons:
            assert reason.texts["en"]
            assert any("一" <= sign <= "鿿" for sign in reason.texts["zh"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_credit_grades_offers_and_prices_every_file(pack_workspace: Make, language: Language) -> None:
    settings = pack_workspace("credit", language)
    rule_set = rules.RuleSet.load(settings.path(settings.decisions.rules))
    good = {"years_trading": 9, "turnover": 100_000, "requested": 20_000, "debt_ratio": 10, "late_12m": 0}
    figures = {**good, "enquiries_6m": 0, "security": "property"}
    best = rule_set.run({**figures, "signals.risk.p": 0.02}).derived
    worst = rule_set.run({**figures, "late_12m": 8, "debt_ratio": 90, "signals.risk.p": 0.9}).derived
    offers = [(d["tables.grade.letter"], d["tables.offer.share"], d["tables.offer.band"]) for d in (best, worst)]
    assert offers == [("A", 40, "P1"), ("E", 0, "none")]
    text_alone = rule_set.run({**figures, "signals.risk.p": 0.5}).derived
    assert text_alone["tables.grade.letter"] == "C"


def hits(dec: Decision) -> set[str]:
    return {rule.rule for rule in dec.trace.rules if rule.state is RuleState.HIT}


def test_fraud_sees_bursts_and_rings(pack_workspace: Make) -> None:
    settings = pack_workspace("fraud", "en")
    decided = decide_with_oracles(settings)
    truths = rows(settings.folder / "truth.jsonl")
    hit = {
        name: [truth for dec, truth in zip(decided, truths, strict=True) if name in hits(dec)]
        for name in ("many-within-an-hour", "shared-number", "ring", "copied-script")
    }
    assert hit["many-within-an-hour"]
    assert all(truth["burst"] for truth in hit["many-within-an-hour"])
    assert hit["shared-number"]
    assert all(truth["ring"] for truth in hit["shared-number"])
    assert hit["ring"]
    assert all(truth["ring"] for truth in hit["ring"])


def test_a_blocked_number_is_declined_whatever_the_message_says(pack_workspace: Make) -> None:
    settings = pack_workspace("fraud", "en")
    text = str(rows(settings.folder / "data.jsonl")[0]["text"])
    doc = Document(text, {"phone": "(000) 000 0000", "sender": "S1", "channel": "sms", "urls": 0})
    (dec,) = decide_with_oracles(settings, [doc])
    assert (dec.outcome, dec.reasons[0].code) == (Outcome.DECLINE, "F10")


def test_market_reads_the_company_as_the_second_text(pack_workspace: Make) -> None:
    settings = pack_workspace("market", "zh")
    for row in rows(settings.folder / "data.jsonl"):
        assert str(row["pair"]) in str(row["text"])
        assert {"event", "sentiment", "severity"} <= row.keys()
    for truth in rows(settings.folder / "truth.jsonl"):
        assert truth["entities"]


@pytest.mark.parametrize(("language", "model"), [("en", "tuned"), ("zh", "ngrams")])
def test_the_recipe_fits_the_language(pack_workspace: Make, language: Language, model: str) -> None:
    recipe = (pack_workspace("service", language).folder / "recipe.toml").read_text(encoding="utf-8")
    assert recipe == f'model = "{model}"\nepochs = "auto"\n'


@pytest.fixture
def own_pack(tmp_path: Path) -> Path:
    """The incident pack as a folder of one's own, with its world beside it."""
    pack = tmp_path / "my-pack"
    shutil.copytree(str(files("fengkong.assembly").joinpath("packs", "incident")), pack)
    shutil.copytree(str(files("fengkong.corpus.simulation").joinpath("incident")), pack / "world")
    text = (pack / "pack.toml").read_text(encoding="utf-8")
    (pack / "pack.toml").write_text(text.replace('simulation = "incident"', 'simulation = "world"'), encoding="utf-8")
    return pack


def test_a_pack_of_ones_own_makes_the_same_workspace(own_pack: Path, tmp_path: Path) -> None:
    for pack, folder in ((str(own_pack), "a/ws"), ("incident", "b/ws")):
        (tmp_path / folder).parent.mkdir()
        create_workspace(pack, tmp_path / folder, rows=60, recipe="")
    ours, theirs = ({p.name: p.read_bytes() for p in (tmp_path / x / "ws").iterdir()} for x in ("a", "b"))
    assert ours == theirs


def test_a_pack_sets_lists_in_the_recipe_too(own_pack: Path, tmp_path: Path) -> None:
    with (own_pack / "pack.toml").open("a", encoding="utf-8") as file:
        file.write('\n[recipe.en]\norder = ["harmless", "nuisance", "danger"]\n')
    create_workspace(str(own_pack), tmp_path / "ws", rows=60, recipe='model = "tuned"\n')
    recipe = tomllib.loads((tmp_path / "ws" / "recipe.toml").read_text(encoding="utf-8"))
    assert recipe == {"model": "tuned", "order": ["harmless", "nuisance", "danger"]}


def test_a_pack_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", closed)
    with pytest.raises(SettingsError, match=r"the pack can't be read \(received Permission denied\)"):
        find_pack(str(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("rows = 4000", "rows = 3", "'rows' can't be used"),
        ("rows = 4000", "row = 4000", "'rows' can't be used"),
        ('simulation = "world"', 'simulation = "wrld"', r"no simulation of that name \(received 'wrld'\)"),
        ('["rules.yaml"]', '["rule.yaml"]', "rule.yaml: the pack's file can't be read"),
        ("waiting = 60", "waiting = ", "not valid TOML"),
        ('["rules.yaml"]', '["../rules.yaml"]', r"'files\.0' can't be used"),
    ],
)
def test_a_pack_that_cannot_be_used_says_why(own_pack: Path, tmp_path: Path, old: str, new: str, fault: str) -> None:
    file = own_pack / "pack.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=fault):
        create_workspace(str(own_pack), tmp_path / "ws", rows=60, recipe="")
    assert not (tmp_path / "ws").exists()


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("fengkong.toml", '"reports.jsonl"', '"../reports.jsonl"', "has its files in one folder"),
        ("fengkong.toml", '"ledger.db"', '"../escaped.db"', r"decisions\.ledger leads elsewhere .*'\.\./escaped\.db'"),
        ("fengkong.toml", '"bundle"', '"../../outside"', r"model\.bundle leads elsewhere"),
        ("fengkong.toml", '"runs"', '".."', r"model\.runs leads elsewhere"),
        ("fengkong.toml", '"recipe.toml"', '"/etc/recipe.toml"', r"model\.recipe leads elsewhere"),
        ("fengkong.toml", '"data.jsonl"', '"C:\\\\data.jsonl"', r"data\.source leads elsewhere"),
        ("fengkong.toml", '"reports.jsonl"', '"Rules.yaml"', r"two parts .* one name \(received 'rules\.yaml'\)"),
        ("fengkong.toml", '"ledger.db"', '"reports.jsonl"', "two parts of the workspace have one name"),
        ("pack.toml", '["rules.yaml"]', '["rules.yaml", "fengkong.toml"]', "two parts of the workspace have one name"),
        ("fengkong.toml", "applications =", "aplications =", "did you mean 'applications'"),
        ("README.en.md", "# $name", "# $nam costs $5", r"README\.en\.md: a \$ stands for nothing known"),
        ("world/phrases_en.toml", "{street}", "{streat}", r"nothing fills the slot .*'streat'.*'street'"),
        ("world/phrases_en.toml", "[causes.wires]", "[causes.wire]", "a part has no words"),
        ("world/model.toml", "high = 12", "high = -1", "high lies below low"),
        ("world/model.toml", "weights = [0.2, 0.8]", "weights = [0.2]", "each value needs its weight"),
    ],
)
def test_a_slip_in_a_pack_of_ones_own_is_told(
    own_pack: Path, tmp_path: Path, file: str, old: str, new: str, fault: str
) -> None:
    text = (own_pack / file).read_text(encoding="utf-8")
    assert old in text
    (own_pack / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=fault):
        create_workspace(str(own_pack), tmp_path / "ws", rows=60, recipe="")
    assert not (tmp_path / "ws").exists()
    assert not (tmp_path / "reports.jsonl").exists()
