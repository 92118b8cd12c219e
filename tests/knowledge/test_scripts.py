"""One script, forty applicants: found in a batch and as they come, whatever was varied."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError
from fengkong.knowledge import CopyFacts, ScriptIndex, script_rings
from fengkong.knowledge.scripts import template

START = datetime(2026, 1, 1, tzinfo=UTC)
SCRIPTS = {
    "en": "My name is {name} and I need {amount} dollars to pay off my credit cards with a high rate. I have worked "
    "as a nurse for {years} years, never missed a payment and can be reached at {phone} any time of the day.",
    "zh": "本人{name}，从事餐饮行业{years}年，近期因店面装修急需资金周转，申请贷款{amount}元，收入稳定，"
    "无不良嗜好，保证按时还款，联系电话{phone}，望批准。",
}
AMOUNTS = {"en": ["30,000", "150000", "8000.50"], "zh": ["五万", "12万", "80,000"]}
NAMES = {"en": ["Ann Lee", "Bob O'Neil", "Carla Mendez", "Dan Wu"], "zh": ["王伟", "欧阳娜娜", "李芳", "赵大海"]}


def varied(language, draw):
    phone = f"138{draw.randrange(10**8):08}" if language == "zh" else f"(212) 555-{draw.randrange(10**4):04}"
    amount = (
        draw.choice(["30,000", "150000", "8000.50"]) if language == "en" else draw.choice(["五万", "12万", "80,000"])
    )
    return SCRIPTS[language].format(
        name=draw.choice(NAMES[language]), amount=amount, years=draw.randrange(2, 20), phone=phone
    )


def unlike(draw, language):
    letters = [chr(0x4E00 + code) for code in range(500)] if language == "zh" else "abcdefghij klmnopqrstuvwxyz "
    return "".join(draw.choices(letters, k=120))


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(["en", "zh"]), st.integers(0, 10**6))
def test_a_script_is_found_in_a_batch_whatever_was_varied(language, seed):
    draw = Random(seed)
    texts = [varied(language, draw) for _ in range(6)] + [unlike(draw, language) for _ in range(10)]
    places = list(range(len(texts)))
    draw.shuffle(places)
    (ring,) = script_rings([texts[place] for place in places])
    assert {places[place] for place in ring} == set(range(6))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_forty_applicants_are_counted_as_they_come(language):
    draw = Random(3)
    facts = CopyFacts(ScriptIndex(), author="applicant")
    for number in range(39):
        doc = Document(varied(language, draw), {"applicant": f"a{number // 2}"}, id=f"d{number}")
        at = START + timedelta(hours=number)
        assert {fact.name: fact.value for fact in facts.facts(doc, at)} == {
            "copies.count": number,
            "copies.applicants": number // 2,
        }
        facts.observe(doc, at)
    new = Document(varied(language, draw), {"applicant": "new"}, id="new")
    assert [fact.value for fact in facts.facts(new, START + timedelta(hours=10))] == [10, 5]
    assert [fact.value for fact in facts.facts(Document(unlike(draw, language)), START + timedelta(9))] == [0, 0]


def test_the_document_itself_is_no_copy_and_unknown_authors_count_one_by_one():
    draw = Random(4)
    facts = CopyFacts(ScriptIndex(), author="applicant")
    docs = [Document(varied("zh", draw), id=f"d{number}") for number in range(3)]
    for doc in docs:
        facts.observe(doc, START)
    assert [fact.value for fact in facts.facts(docs[0], START + timedelta(1))] == [2, 2]


def test_names_that_the_application_states_are_taken_out():
    long = "乌鲁木齐市天山区幸福里餐饮管理有限责任公司"
    short = "本人经营{}，因装修急需资金周转，申请贷款五万元，保证按时归还。"
    texts = [short.format(long), short.format("老王面馆")]
    assert script_rings(texts) == []
    assert script_rings(texts, [[long], ["老王面馆"]]) == [[0, 1]]


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["Wang", "Wang Wei Ltd"], "isaplace"),
        (["e", ""], "wangweiltdisaplace"),
        (["pla", "lace"], "wangweiltdisaplace"),
        (["WEI LTD", "Wang"], "isaplace"),
    ],
)
def test_names_go_whole_and_the_longest_first(names, left):
    assert template("Wang Wei Ltd is a place", names) == left


def test_a_name_beside_han_characters_is_a_word():
    assert template("本人Ann从事餐饮，Anna介绍", ["Ann"]) == "本人从事餐饮anna介绍"
    assert template("本人王伟从事餐饮", ["王伟"]) == "本人从事餐饮"


def test_exact_repeats_of_texts_without_id_are_copies():
    facts = CopyFacts(ScriptIndex(), author="applicant")
    text = varied("zh", Random(6))
    for hour in range(6):
        doc = Document(text, {"applicant": "a"})
        assert [fact.value for fact in facts.facts(doc, START + timedelta(hours=hour))] == [hour, 0]
        facts.observe(doc, START + timedelta(hours=hour))


def test_an_author_is_one_however_spelt_and_each_blank_one_another():
    draw = Random(7)
    facts = CopyFacts(ScriptIndex(), author="applicant")
    for author in ("Wang Wei", "wang wei ", 7, "7", 7.0, "", "", None, "无"):
        facts.observe(Document(varied("zh", draw), {"applicant": author}), START)
    new = Document(varied("zh", draw), {"applicant": "new"})
    assert [fact.value for fact in facts.facts(new, START + timedelta(1))] == [9, 6]
    mine = Document(varied("zh", draw), {"applicant": "WANG  WEI"})
    assert [fact.value for fact in facts.facts(mine, START + timedelta(1))] == [9, 5]


def test_a_short_text_is_a_copy_of_nothing():
    assert script_rings(["I need a loan."] * 5) == []
    index = ScriptIndex()
    index.add("急用钱", "a", "a", START)
    assert index.copies("急用钱") == []


def test_similar_texts_are_told_with_how_similar_they_are():
    draw = Random(5)
    index = ScriptIndex()
    for number in range(200):
        index.add(unlike(draw, "en"), f"u{number}", "u", START)
    index.add(varied("en", draw), "s", "someone", START)
    (copy,) = index.copies(varied("en", draw))
    assert (copy.id, copy.author, copy.time) == ("s", "someone", START)
    assert 0.7 <= copy.similarity <= 1


def test_a_time_without_zone_is_refused():
    with pytest.raises(InputError, match="has no zone"):
        ScriptIndex().add("text " * 30, "a", "a", datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused
