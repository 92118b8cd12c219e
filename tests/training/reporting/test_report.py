"""The report opens on its own, escapes what strangers wrote, and tells the same figures as the JSON."""

import json
import platform
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape

from fengkong.decisions.bands import Costs
from fengkong.domain import FacilityError, Finding, InputError, SettingsError, Severity, Span
from fengkong.scoring.calibration import softmax
from fengkong.training.machine import describe_machine
from fengkong.training.measuring.floors import Floor
from fengkong.training.measuring.measurement import Measurement, RunFacts, measure, training_curve
from fengkong.training.measuring.tried import Tried
from fengkong.training.progress import Evaluated, Finished, Step
from fengkong.training.reporting.report import ExplainedExample, render_report, write_metrics, write_report
from fengkong.training.reporting.wording import words
from fengkong.trust.occlusion import Explanation, FieldWeight

PAID = "正常还款"
EVIL = '<script>alert("x")</script>'


def events():
    for step in range(1, 41):
        yield Step(step, 40, 1 + step // 20, 1 / step, 1e-4, 100.0, 1.0)
        if step % 10 == 0:
            yield Evaluated(step, {"auc": step / 100, "macro_f1": 0.5}, best=step <= 30)
    yield Finished(early=False, step=40, best_step=30, best_figures={"auc": 0.3}, seconds=1.0)


def run_facts(**changes) -> RunFacts:
    facts = {
        "name": "loans",
        "created": datetime(2026, 1, 2, tzinfo=UTC),
        "command": "fengkong train --seed 42",
        "source": "loans.csv",
        "data_sha256": "ab" * 32,
        "counts": {"train": {PAID: 70, EVIL: 30}, "dev": {PAID: 9}, "test": {PAID: 8, EVIL: 2}},
        "findings": (Finding("D004", Severity.WARNING, f"a text says {EVIL}", cure="look at it"),),
        "recipe": {"seed": 42, "base": "minilm", "shares": [0.7, 0.3]},
        "curve": training_curve(events(), "auc"),
        "bundle": {"precision": "int8", "equal labels": "99.7%", "rejected": {"int4": "macro-F1 fell"}},
        "seconds": {"training": 61.25},
        "machine": {"cores": "2"},
    }
    return RunFacts(**(facts | changes))


def measured(labels=(PAID, EVIL), n: int = 150, tuned: float = 2.0, floor: float = 1.0, **changes) -> Measurement:
    """A run whose tuned model and one floor see the true label with the given strength."""
    rng = np.random.default_rng(0)
    k = len(labels)
    truth = {name: rng.integers(0, k, n) for name in ("dev", "test")}

    def logits(strength: float):
        return {name: rng.normal(size=(n, k)) + strength * np.eye(k)[y] for name, y in truth.items()}

    floors = [Floor("tfidf", {name: softmax(z) for name, z in logits(floor).items()}, 1.0)]
    floors.append(Floor("majority", {name: np.full((n, k), 1 / k) for name in truth}, 0.0))
    return measure(logits(tuned), truth, floors, labels, run_facts(**changes))


def explained(text: str, spans: tuple[Span, ...], *, label="paid", truth="", fields=()) -> ExplainedExample:
    return ExplainedExample(Explanation("doc", "risk", label, 0.9, spans, fields, 0, "sha256:00", text), truth)


@pytest.fixture(scope="module")
def binary() -> Measurement:
    return measured()


@pytest.fixture(scope="module")
def pages(binary) -> dict[str, str]:
    """The report in both languages, with one explained text that tries to run a script."""
    spans = (Span(7, 7 + len(EVIL), EVIL, weight=0.4), Span(35, 41, "unpaid", weight=-0.1))
    text = f"Please {EVIL} unpaid"
    example = explained(text, spans, fields=(FieldWeight("income", EVIL, 0.2),), label=EVIL, truth=EVIL)
    return {language: render_report(binary, language=language, examples=[example]) for language in ("en", "zh")}


class Page(HTMLParser):
    """Collects tags, attributes and ids, and checks that tags close in order."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "srcset"):
                self.links.append(value)
            if name == "id":
                self.ids.append(value)
            assert not name.startswith("on")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole_and_asks_for_nothing_outside(pages, language):
    html = pages[language]
    page = Page(html)
    assert page.open == []
    assert page.links == []
    assert not {"script", "link", "iframe", "img", "object"} & set(page.tags)
    assert "@import" not in html
    assert "default-src 'none'" in html
    assert len(page.ids) == len(set(page.ids))
    assert page.tags.count("svg") == 7


def test_scripts_in_texts_labels_fields_and_findings_are_shown_not_run(pages):
    assert "<script" not in pages["en"].lower()
    assert pages["en"].count("&lt;script&gt;") >= 10


def test_headings_follow_the_language_and_chinese_labels_stay_text(pages):
    assert "<h2>Calibration</h2>" in pages["en"]
    assert "<h2>概率校准</h2>" in pages["zh"]
    assert '<html lang="zh-Hans">' in pages["zh"]
    assert re.search(rf"<text[^>]*>{PAID}</text>", pages["en"])


def test_an_unknown_language_is_refused(binary):
    with pytest.raises(SettingsError, match="'fr'"):
        render_report(binary, language="fr")


def test_both_languages_fill_the_same_blanks():
    english, chinese = words("en"), words("zh")
    for name, phrase in english.items():
        assert sorted(re.findall(r"{\w+}", phrase)) == sorted(re.findall(r"{\w+}", chinese[name])), name


def test_the_report_tells_the_run(pages, binary):
    for told in ("fengkong train --seed 42", "loans.csv", "ab" * 32, "D004", "look at it", "int8", "99.7%", "61.2"):
        assert told in pages["en"]
    auc = binary.tuned.test.binary.auc
    assert f"{auc.value:.3f} ({auc.low:.3f}–{auc.high:.3f})" in pages["en"]


def test_the_page_names_what_was_sealed_what_was_tried_and_the_ranks_that_were_left():
    tried = (
        Tried("frozen", "0.100 behind the best", figure=0.8, spread=0.012, loss=0.41, minutes=0.25),
        Tried("tuned", f"not tried: {EVIL}"),
    )
    found = measured(model=("contrastive", "ngrams"), tried=tried, ranks={"layer.0.query": 12, "layer.0.value": 3})
    page = render_report(found)
    assert "the sealed model (tuned on pairs + n-grams) reaches" in page
    assert ">tuned on pairs + n-grams</th>" in page
    for part in (
        "0.800 (0.012)",
        "0.410",
        "0.100 behind the best",
        f"not tried: {escape(EVIL)}",
        "layer.0.query",
        "12",
    ):
        assert part in page
    assert "对比微调后 + n-gram 线性模型" in render_report(found, language="zh")


@pytest.mark.parametrize(
    ("tuned", "floor", "said"),
    [(3.0, 0.5, "better, beyond chance"), (1.0, 1.0, "could be chance"), (0.3, 3.0, "worse; use the floor")],
)
def test_the_summary_says_whether_the_floor_was_beaten(tuned, floor, said):
    html = render_report(measured(("a", "b"), tuned=tuned, floor=floor))
    assert said in html


def test_marks_stand_where_the_spans_are_and_deepen_with_the_weight(pages):
    shown = re.search(r"<blockquote>(.*?)</blockquote>", pages["en"], re.DOTALL).group(1)
    marks = re.findall(r'<mark class="(\w+)" style="--s: ([\d.]+)" title="([^"]*)">([^<]*)</mark>', shown)
    assert marks == [
        ("for", "1.00", "+0.400", escape(EVIL)),
        ("against", "0.25", "-0.100", "unpaid"),
        ("for", "0.50", "+0.200", "income: " + escape(EVIL)),
    ]
    text = re.sub(r"<[^>]*>", "", re.search(r"<p>(.*?)</p>", shown).group(1))
    assert text == f"Please {escape(EVIL)} unpaid"


def test_many_labels_list_their_confusions_instead_of_a_matrix():
    labels = tuple(f"intent {i}" for i in range(20))
    html = render_report(measured(labels, n=300))
    assert words("en")["most_confused"] in html
    assert "intent 19" in html
    assert words("en")["decisions"] not in html


def test_a_test_set_of_one_class_still_has_a_report():
    y = {"dev": [0, 1, 0, 1], "test": [0, 0, 0]}
    logits = {name: np.eye(2)[rows] * 2.0 for name, rows in y.items()}
    found = measure(logits, y, [], ("good", "bad"), RunFacts("tiny", datetime(2026, 1, 2, tzinfo=UTC)))
    assert found.tuned.test.binary.auc.value is None
    page = Page(render_report(found))
    assert page.open == []
    assert page.tags.count("svg") == 4  # no ROC, no PR, no curve


def test_the_json_holds_the_figures_of_the_report(binary, tmp_path: Path):
    write_metrics(binary, tmp_path / "metrics.json")
    told = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert [model["name"] for model in told["models"]] == ["tuned", "tfidf", "majority"]
    assert told["models"][0]["test"]["binary"]["auc"]["value"] == binary.tuned.test.binary.auc.value
    assert told["decision"]["test"]["bands"][1]["outcome"] == "review"
    assert told["gain"]["over"] == "tfidf"
    assert told["run"]["findings"][0]["severity"] == "warning"


def test_writing_replaces_the_old_report_and_leaves_no_part(binary, tmp_path: Path):
    path = tmp_path / "report.html"
    path.write_text("old")
    write_report(binary, path)
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_written_says_where(binary, tmp_path: Path):
    with pytest.raises(FacilityError, match="nowhere"):
        write_report(binary, tmp_path / "nowhere" / "report.html")


def test_same_seed_same_measurement():
    assert measured() == measured()


def test_dev_chooses_the_floor_and_the_temperature_and_the_difference_is_paired():
    found = measured(("a", "b"), n=400, tuned=2.0, floor=1.9)
    assert found.gain.over == "tfidf"
    gain = found.gain.figures["auc"]
    tuned, floor = (model.test.binary.auc for model in found.models[:2])
    assert gain.value == pytest.approx(tuned.value - floor.value)
    assert gain.high - gain.low < (tuned.high - tuned.low) + (floor.high - floor.low)


def test_nothing_that_is_chosen_depends_on_test():
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 300)
    dev, facts = 4 * np.eye(2)[y] + 4 * rng.normal(size=(300, 2)), run_facts()
    one, other = (
        measure({"dev": dev, "test": test}, {"dev": y, "test": y}, [], ("good", "bad"), facts)
        for test in (dev / 9, -dev)
    )
    assert one.calibration.temperature == other.calibration.temperature
    assert one.decision.bands == other.decision.bands
    assert one.tuned.test != other.tuned.test


def test_costs_shape_the_bands_and_positive_names_the_label():
    y = {name: np.random.default_rng(1).integers(0, 2, 200) for name in ("dev", "test")}
    logits = {name: 2.0 * np.eye(2)[rows] + np.random.default_rng(2).normal(size=(200, 2)) for name, rows in y.items()}
    facts = RunFacts("costs", datetime(2026, 1, 2, tzinfo=UTC))
    careful = measure(logits, y, [], ("bad", "good"), facts, positive="bad", costs=Costs(miss=50))
    bold = measure(logits, y, [], ("bad", "good"), facts, positive="bad", costs=Costs(miss=2))
    assert careful.positive == "bad"
    assert careful.decision.bands.review_from < bold.decision.bands.review_from
    with pytest.raises(InputError):
        measure(logits, y, [], ("bad", "good"), facts, positive="worse")


def test_the_curve_follows_the_events():
    curve = training_curve(events(), "auc")
    assert curve.loss[1] == (2, 0.5)
    assert curve.dev == ((10, 0.1), (20, 0.2), (30, 0.3), (40, 0.4))
    assert curve.best_step == 30


def test_the_machine_tells_what_figures_hang_on_and_no_names():
    facts = describe_machine()
    assert int(facts["cores"]) >= 1
    assert {"processor", "python", "torch", "onnxruntime"} <= set(facts)
    assert platform.node() not in facts.values()
