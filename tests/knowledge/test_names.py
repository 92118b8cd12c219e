"""Names in one spelling, likeness, and who is meant."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain.errors import SettingsError
from fengkong.domain.signals import Signal
from fengkong.domain.spans import Span
from fengkong.knowledge import EntityGraph, NameIndex, Vocabulary, link, link_spans
from fengkong.knowledge.names import normal_name

WORDS = Vocabulary()
TYPES = ["person", "company", "phone", "device", "address", "account"]


@pytest.mark.parametrize(
    ("kind", "same"),
    [
        (
            "company",
            ["Acme Ltd", "ACME Limited", "Acme, Ltd.", "Ａｃｍｅ　Ｌｔｄ", "Acme Co., Ltd.", "acme company limited"],
        ),
        ("company", ["I.B.M. Corp.", "IBM Corporation"]),
        (
            "company",
            ["騰訊計算機系統有限公司", "腾讯计算机系统有限责任公司", " 腾讯计算机系统 有限公司"],
        ),
        ("company", ["阿里巴巴（中国）有限公司", "阿里巴巴(中国)有限公司", "阿里巴巴中国有限公司"]),
        ("person", ["Smith, John", "John Smith", "Mr. JOHN  SMITH", "John\u200b Smith"]),
        ("person", ["张伟", "張偉", "张伟先生", "张 伟"]),
        ("person", ["阿卜杜拉·买买提", "阿卜杜拉买买提"]),
        (
            "phone",
            ["13800138000", "+86 138-0013-8000", "008613800138000", "１３８００１３８０００"],
        ),
        ("phone", ["+44 20 7946 0958", "0044 20 7946 0958", "+442079460958"]),
        ("address", ["12 Main St., Apt. 5", "12 main street apartment 5", "No. 12, Main Street, Apartment 5"]),
        ("address", ["北京市 海淀区 中关村大街１号", "北京市海淀区中关村大街1号"]),
        ("device", ["AA:BB:CC:01", "aa-bb-cc-01"]),
        ("account", ["6222 0210 0111", "622202100111"]),
    ],
)
def test_one_entity_has_one_spelling(kind, same):
    assert {normal_name(kind, name) for name in same} == {normal_name(kind, same[0])} != {""}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("company", ["甲有限公司", "甲股份有限公司", "甲"]),
        ("company", ["Acme Inc", "Acme LLC", "Acme Ltd", "Acme"]),
        ("company", ["AT&T Inc", "ATT Inc"]),
        ("phone", ["13800138000", "13800138001", "+1 380 013 8000", "000-2191-3619"]),
        ("person", ["Ann Lee", "Anne Lee"]),
        ("company", ["Limited", "有限公司"]),
        ("company", ["Visa", "Vi SA", "Zinc", "Z Inc", "NASA", "Na SA", "Unlimited"]),
        ("phone", ["95588", "10086"]),
    ],
)
def test_what_tells_entities_apart_stays(kind, names):
    normal = {normal_name(kind, name) for name in names}
    assert len(normal) == len(names)
    assert "" not in normal


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("person", ["王先生", "王女士", "欧阳先生", "李总经理", "Mr Smith", "Mrs. Smith", "Dr", "先生"]),
        ("phone", ["+", "0", "00000000000", "1-800-FLOWERS", "1-800-GOFEDEX", "+86", "无"]),
        *((kind, ["无", "不详", "N/A", "n.a.", "None", "未知", "——", "+", "&"]) for kind in TYPES),
    ],
)
def test_what_names_nobody_is_no_name(kind, names):
    assert {normal_name(kind, name) for name in names} == {""}


def test_a_full_name_stays_without_its_title_and_a_surname_without_title_stays():
    assert [normal_name("person", name) for name in ("欧阳娜女士", "王医生", "张伟经理", "王", "Prof. Ann Lee")] == [
        *("欧阳娜", "", "张伟", "王", "ann lee"),
    ]
    assert normal_name("company", "华为Ltd") == normal_name("company", "华为 Limited")


pieces = st.lists(
    st.sampled_from(["mr ", "先生", "co", " company", " ltd", "limited", "private ", "有限", "责任", "公司", "股份"])
    | st.sampled_from(
        ["86", "+", "00", "13800138000", " st", "no ", "dr", ".", ",", " ", "·", "llc", "ext", "a", "甲"]
    ),
    max_size=7,
).map("".join)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(TYPES), st.text() | pieces)
def test_a_normal_name_is_its_own(kind, name):
    normal = normal_name(kind, name)
    assert normal_name(kind, normal) == normal


def index_of(*names, kind="company"):
    index = NameIndex(kind)
    for name in names:
        index.add(name, WORDS.entity(kind, name))
    return index


spelt = st.text("abc甲乙 ", max_size=8)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.text("abc甲乙 ", min_size=1, max_size=8), max_size=12),
    st.text("abc甲乙 ", max_size=8),
    st.floats(0.3, 1),
)
def test_the_index_finds_every_name_that_is_alike_and_no_other(names, asked, least):
    index = NameIndex("address")
    for name in names:
        index.add(name, WORDS.entity("address", name.strip() or "nobody"))

    def bigrams(name):
        return {f" {word} "[at : at + 2] for word in name.split() for at in range(len(word) + 1)}

    normal = normal_name("address", asked)
    expected = set()
    for name in {normal_name("address", name) for name in names} - {""}:
        ours, theirs = bigrams(normal), bigrams(name)
        if normal and 2 * len(ours & theirs) / (len(ours) + len(theirs)) >= least:
            expected.add(name)
    assert {match.name for match in index.find(asked, least)} == expected


@pytest.mark.parametrize(
    ("mention", "meant", "reason"),
    [
        ("騰訊科技（深圳）有限公司", "腾讯科技深圳有限公司", "the same name"),
        ("Acme Holdings PLC", "acme holdings ltd", "the same but for the legal form"),
        ("宁德时代新能源科技有限公司", "宁德时代新能源科技股份有限公司", "the same but for the legal form"),
        ("贵州茅台酒", "贵州省遵义市贵州茅台酒股份有限公司", "the same but for place and legal form"),
        ("Acme Holding Ltd", "acme holdings ltd", "alike in spelling"),
        ("Nobody Inc", None, "no known name is alike"),
        ("——", None, "no known name is alike"),
    ],
)
def test_a_mention_is_linked_with_its_reason(mention, meant, reason):
    names = index_of(
        *("腾讯科技(深圳)有限公司", "Acme Holdings Ltd", "宁德时代新能源科技股份有限公司"),
        "贵州省遵义市贵州茅台酒股份有限公司",
    )
    linked = link(mention, names)
    assert (linked.entity and linked.entity.name, linked.reason) == (meant, reason)
    assert (linked.score > 0) == (meant is not None)


def test_an_ambiguous_mention_is_told_never_guessed():
    graph = EntityGraph()
    for number in ("110101199001011234", "110101199001015678"):
        graph.alias(graph.vocabulary.entity("person", number), graph.vocabulary.entity("person", "张伟"))
    linked = link("張偉", NameIndex.of(graph, "person"))
    assert (linked.entity, linked.reason, linked.score) == (None, "several bear this name", 1)
    assert {rival.entity.name for rival in linked.rivals} == {"110101199001011234", "110101199001015678"}
    names = index_of("Acme Holdings Ltd", "Acme Holdings Inc")
    two = link("Acme Holdings", names)
    assert (two.entity, two.reason) == (None, "several are as alike")
    assert link("Acme Holdings Ltd", names).entity == WORDS.entity("company", "acme holdings ltd")


def test_what_many_names_share_makes_none_alike():
    names = index_of("大华新能源科技股份有限公司", "Alpha Private Limited")
    assert link("大兴新能源科技股份有限公司", names).entity is None
    assert link("Alphabet Private Limited", names).entity is None
    assert link("13800138001", index_of("13800138000", kind="phone")).entity is None


def test_spans_of_models_are_linked_by_their_label():
    signal = Signal("names", "ORG", 0.9, spans=(Span(0, 4, "Acme", "ORG"), Span(9, 11, "张伟", "PER")))
    ((span, linked),) = link_spans([signal], {"ORG": index_of("Acme Ltd")})
    assert (span.text, linked.entity.name) == ("Acme", "acme ltd")


def test_a_bound_that_cannot_be_is_refused():
    with pytest.raises(SettingsError, match="between 0 and 1"):
        index_of("a").find("a", 80)


@pytest.mark.parametrize(
    ("mention", "known"),
    [
        ("江苏市政工程有限公司", "江苏城政工程有限公司"),
        ("中国城市建设有限公司", "建设有限公司"),
        ("北京市政路桥有限公司", "政路桥有限公司"),
        ("深圳市华兴有限公司", "广州市华兴股份有限公司"),
        ("深圳华兴新能源科技发展有限公司", "广州华兴新能源科技发展有限公司"),
    ],
)
def test_companies_of_different_places_are_not_linked(mention, known):
    assert link(mention, index_of(known)).entity is None
    assert link(known, index_of(mention)).entity is None


def test_a_place_that_only_one_writes_or_writes_in_full_links():
    names = index_of("广东省深圳市华兴科技有限公司")
    for mention in ("华兴科技有限公司", "深圳市华兴科技有限公司", "广东省华兴科技股份有限公司"):
        assert link(mention, names).entity is not None


def test_persons_are_linked_by_likeness_only_when_it_is_close():
    names = index_of("Maria Garcia", kind="person")
    assert link("Mario Garcia", names).entity is None
    assert link("Garcia Maria", names).entity is not None
    assert link("Mario Garcia", names, 0.9).entity is not None
