"""Nothing of an expression runs as Python: every known way out is refused, and random text does no harm."""

from collections.abc import Callable
from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain import Severity
from fengkong.rules import RuleSet, check

PAYLOADS = """
__import__("os").system("id")
s.__class__.__base__.__subclasses__()
"".__class__.__mro__[1].__subclasses__()[40]("/etc/passwd").read()
a.__class__.__class__.__subclasses__(a.__class__)
ok.__class__.__base__ == x
contains.make.__globals__["re2"]
matches.__closure__[0].cell_contents
text.__len__.__objclass__
"{0.__class__.__mro__}".format(a) == s
"%(x)s" % {"x": s} == s
s.format_map(a) == s
(a for a in [1]).gi_frame.f_back
[a for a in [1] if ok]
[*[a]] == [1]
{**{}} == {}
print(__import__("os").environ)
__loader__.load_module("os")
__spec__.loader
__name__ == "x"
__debug__
NotImplemented
Ellipsis == a
copyright()
license
quit()
classmethod(a)
object()
super().__init__
bytes(a) == s
bytearray(9) == s
memoryview(s)
chr(65) == "A"
ord("A") == a
hash(a) == a
id(a) == a
iter(s)
next(iter(s)) == "a"
map(length, [s])
filter(length, [s])
sorted([a]) == [1]
any_of.__self__
any_of(s.__class__) == 1
between.__globals__
date.today() == day
datetime.now() == moment
duration.__new__
money("CNY 1").as_tuple()
hour(moment, "../../etc/passwd") == 1
hour(moment, "/etc/localtime") == 1
__import__
__builtins__
__builtins__.open
eval("1")
exec("1")
compile("1", "", "eval")
open("/etc/passwd")
globals()
locals()
vars()
dir()
type(a)
getattr(s, "upper")
setattr(s, "x", 1)
hasattr(s, "x")
breakpoint()
input()
help()
print(a)
exit()
().__class__
().__class__.__bases__[0].__subclasses__()
"".__class__.__mro__
[].__class__
{}.__class__
s.__class__
s.__class__ == "x"
text.__class__.__mro__
text.upper() == "A"
text.format(a)
s.join([s])
a.real == 1
a.__add__(1) == 2
a.bit_length() == 1
signals.risk.__class__
signals.__class__
signals.risk.p.__class__
contains.__globals__
contains.__self__
length(contains)
contains(s, "a").__class__
matches.__func__.__globals__
lambda: 1
(lambda: 1)()
[x for x in [1]] == [1]
a in [x for x in [1]]
{x for x in [1]}
{x: x for x in [1]}
any(x for x in [1])
sum([1, 2]) == 3
f"{a}" == "1"
f"{a.__class__}"
f"{().__class__.__bases__}" == s
(z := 1) == 1
[z := 1, z] == [1, 1]
await a
yield a
a if ok else b
a > 1 if ok else False
*a
length(*[s])
contains(**{"text": s})
contains(text=s, part="a")
s[0] == "a"
s[0:2] == "ab"
s["a"]
[1, 2][0] == 1
(1, 2) == (1, 2)
{1, 2} == {1}
{"a": 1} == {}
2 ** 9999999 > a
a ** b > 1
a << 1000000 > 1
a >> 1 == 1
a // b == 1
a & b
a | b
a ^ b
~a == 1
s @ t
b"abc" == s
r"a" == s
u"a" == s
"a" "b" == s
'''a''' == s
... == a
None == a
a is None
a is b
a is not None
1e999 < x
1j == a
0x10 == a
0b1 == a
1e5 == x
.5 < x
1. < x
a = 1
a == 1; b == 2
import os
del a
a: int
assert a
not
()
[]
s % a == "x"
"%s" % s == "x"
s * 1000000000 == t
"a" * 1000000000 == s
[1] * 1000000000 == s
s + t == "ab"
ok + 1 == 2
-ok == 1
max([1, 2]) == 2
round(x, 99999999) == 1
round(x, a) == 1
matches(s, t)
matches(s, "(")
matches(s, "(a)\\1")
matches(s, "(?=a)")
matches(s, "((a{1000}){1000}){1000}")
length(s)(1)
at_least(1, ok)
at_least(5, [ok])
at_least(a, [ok])
date(s) == day
date("2025-13-01") == day
datetime("2025-01-01T00:00:00") == moment
known
unknown
a is known is known
a < b is known
a in b
"a" in s
a in []
a in [b]
a in (1, 2)
""".strip().splitlines()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_are_refused(one_rule: Callable[[str], str], payload: str) -> None:
    assert any(finding.severity is Severity.ERROR for finding in check(one_rule(payload)))


BOMBS = [
    "a > 1 and " * 3_000 + "ok",
    "(" * 60 + "a" + ")" * 60 + " > 1",
    "(" * 900 + "a > 1" + ")" * 900,
    "[" * 900,
    "not " * 400 + "ok",
    "-" * 1_500 + "a > 1",
    "a" + " + a" * 400 + " > 1",
    "a > 1" + " > a" * 600 + ".a" * 100,
    "a" + ".a" * 900,
    "a in [" + ", ".join(map(str, range(600))) + "]",
    "a == " + "9" * 400,
    "x == 0." + "1" * 60,
    "length(" * 45 + "s" + ")" * 45 + " > 1",
    'matches(s, "' + "a" * 600 + '")',
    "a > 1\x00",
    "a > 1 \ud800",
    "s == '\ud800'",
    "a >\x0c\x0b 1 $",
    "f'" + "{" * 300,
]


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_bombs_are_findings(bomb: str, one_rule: Callable[[str], str]) -> None:
    template = one_rule("HERE")
    quoted = "'" + bomb.replace("'", "''") + "'"
    assert any(finding.severity is Severity.ERROR for finding in check(template.replace("HERE", quoted)))


def test_a_bad_pattern_takes_linear_time(one_rule: Callable[[str], str]) -> None:
    rs = RuleSet.parse(one_rule('matches(s, "^(a+)+$") or matches(s, "(a|aa)+b") or contains_any(s, ["ab", "ac"])'))
    (trace,) = rs.run({"s": "a" * 100_000 + "!"}).rules
    assert trace.state == "no_hit"


def test_a_lone_surrogate_in_a_text_is_no_crash(one_rule: Callable[[str], str]) -> None:
    rs = RuleSet.parse(one_rule('matches(s, "x") or lower(s) == "y" or length(s) > 5'))
    assert rs.run({"s": "\ud800x"}).rules[0].state == "hit"


def test_the_callers_decimal_context_changes_nothing(one_rule: Callable[[str], str]) -> None:
    rs = RuleSet.parse(one_rule("x / 3 * 3 > 0.99999999999 and -x < 0 and abs(x) == 1.23456789 and -1.23456789 < x"))
    with localcontext(Context(prec=2)):
        assert rs.run({"x": Decimal("1.23456789")}).rules[0].state == "hit"
        rs = RuleSet.parse(one_rule("x == -1.23456789"))
    assert rs.run({"x": Decimal("-1.23456789")}).rules[0].state == "hit"


WORDS = """
a x s ok grade day signals.risk.p 金额 and or not in is known unknown == != < > <= >= + - * / % ( ) [ ] , . :
True None 1 0.5 'A' "b" contains( matches( length( round( at_least(2,[ date( if else lambda ** # \\ := { }
__class__ .__mro__ $ ＞
"""
WORD = st.sampled_from(WORDS.split())


@settings(max_examples=150, deadline=None)
@given(st.lists(WORD, max_size=25).map(" ".join) | st.text(max_size=80))
def test_any_condition_is_judged(expression: str) -> None:
    inputs = "{a: integer, x: decimal, s: text, ok: boolean, day: date, 金额: decimal, signals.risk: signal}"
    rules = f"[{{id: r, then: review, reason: R, when: '{expression.replace(chr(39), chr(39) * 2)}'}}]"
    text = f"{{format: 1, name: n, version: 1, inputs: {inputs}, reasons: {{R: {{en: e, zh: z}}}}, rules: {rules}}}"
    if not any(finding.severity is Severity.ERROR for finding in check(text)):
        (trace,) = RuleSet.parse(text).run({"a": 1, "x": 0, "s": "b", "ok": True}).rules
        assert trace.state in {"hit", "no_hit", "unknown"}


PIECES = r"""
format: 1\n|name: x\n|inputs:\n|  a: integer\n|rules:\n|  - id: r\n|    when: a > 1\n|reasons: {R: [1]}\n
|&a |*a\n|- |? |<<: *a\n|!!python/object:x {}\n|>\n|{|]|\t
"""
PIECE = st.sampled_from(PIECES.replace("\n", "").replace(r"\n", "\n").split("|"))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.lists(PIECE, max_size=15).map("".join))
def test_any_file_is_judged(text: str) -> None:
    assert isinstance(check(text), list)
