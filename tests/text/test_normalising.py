import pytest

from fengkong.text import normalise


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Ｌｏａｎ　５０％", "Loan 50%"),
        ("𝐋𝐨𝐚𝐧 ⓛⓞⓐⓝ", "Loan loan"),
        ("貸款逾期，還款", "贷款逾期，还款"),
        ("发布：（完）！", "发布：（完）！"),
        ("①逾期 ⑵欠款 ⒊5亿", "(1)逾期 (2)欠款 (3)5亿"),
        ("10² m", "10² m"),
        ("Apple™ ®", "Apple™ ®"),
        ("½", "1/2"),
        ("3½ years", "3 1/2 years"),
        ("100㎡ 5㎏", "100m2 5kg"),
        ("ﬁnance Ⅳ", "finance IV"),
        ("等…", "等…"),
        ("−5 ‐ –", "-5 - –"),
        ("cafe\u0301", "café"),
        ("\u1112\u1161\u11ab", "한"),
        ("ｶﾞ", "ガ"),
        ("٣٤", "34"),
        ("l\u200bo\u2060a\ufeffn\u00ad", "loan"),
        ("\u202eabc\u202c", "abc"),
        ("a\x00b\x07c", "abc"),
        ("a\r\n\r\nb\tc\u2028d", "a b c d"),
        ("a   b", "a b"),
        ("ok \ud83d!", "ok \ufffd!"),
        ("👍🏽\ufe0f", "👍🏽"),
        ("", ""),
    ],
)
def test_one_spelling(raw: str, expected: str) -> None:
    assert normalise(raw).text == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("lоan", "loan"),  # one Cyrillic letter
        ("ВANK", "BANK"),
        ("pаypαl", "paypal"),  # Cyrillic and Greek
        ("éаsy", "éasy"),
        ("Сбербанк", "Сбербанк"),  # a Russian word
        ("Τράπεζα", "Τράπεζα"),  # a Greek word
        ("саре", "саре"),  # no Latin letter in it
        ("loanж", "loanж"),  # a letter without a Latin twin
        ("贷款lоan", "贷款loan"),
    ],
)
def test_lookalikes_are_respelt_in_latin_words_only(raw: str, expected: str) -> None:
    assert normalise(raw).text == expected
