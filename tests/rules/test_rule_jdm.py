"""Decision tables of the ZEN engine: what is carried over means the same, and the rest is refused with its place."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain import Finding
from fengkong.domain.errors import InputError
from fengkong.rules import RuleSet, check
from fengkong.rules.jdm import ImportedRules, import_jdm


def column(identity: str, field: str | None, **more: object) -> dict[str, object]:
    return {"id": identity, "name": identity.upper(), "field": field, "type": "expression", **more}


def table(identity: str, inputs: list, outputs: list, rules: list, name: str = "Fees 表", **more: object) -> dict:
    content = {"hitPolicy": "first", "inputs": inputs, "outputs": outputs, "rules": rules, **more}
    return {"id": identity, "name": name, "type": "decisionTableNode", "content": content}


def model(*nodes: dict, edges: list[tuple[str, str]] | None = None) -> dict:
    request = {"id": "in", "name": "Request", "type": "inputNode"}
    pairs = edges if edges is not None else [("in", node["id"]) for node in nodes]
    return {
        "nodes": [request, *nodes],
        "edges": [{"id": str(at), "sourceId": a, "targetId": b} for at, (a, b) in enumerate(pairs)],
    }


INPUTS = [column("a", "cart.total"), column("b", "国家"), column("c", "vip"), column("d", "note")]
OUTPUTS = [column("x", "fee.flat"), column("y", "band")]
ROWS = [
    {"_id": "1", "a": "> 1000", "b": "'US', \"CA\"", "c": "true", "d": "", "x": "0", "y": "'free'"},
    {"_id": "2", "a": "[100..1000]", "b": "in ['US']", "c": "", "x": "12.5", "y": '"low"'},
    {"_id": "3", "a": "> 10 and <= 50", "b": "!= 'US'", "c": "false", "x": "20", "y": "'mid'"},
    {"_id": "4", "a": "null", "x": "99", "y": "'none'"},
    {"_id": "5", "a": "", "x": "30", "y": "'high'"},
]


def imported(folder: Path, content: object) -> ImportedRules:
    file = folder / "model.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return import_jdm(file)


def errors(found: ImportedRules) -> list[Finding]:
    return [finding for finding in found.findings if finding.severity == "error"]


@pytest.mark.parametrize(
    ("values", "fee", "band"),
    [
        ({"cart.total": 1001, "国家": "CA", "vip": True}, "0", "free"),
        ({"cart.total": 1001, "国家": "CA", "vip": False}, "30", "high"),
        ({"cart.total": 100, "国家": "US", "vip": False}, "12.5", "low"),
        ({"cart.total": 50, "国家": "FR", "vip": False}, "20", "mid"),
        ({"cart.total": 10, "国家": "FR", "vip": False}, "30", "high"),
        ({"国家": "FR", "vip": False}, None, None),
    ],
)
def test_a_carried_table_answers_as_it_did(tmp_path: Path, values: dict, fee: str | None, band: str | None) -> None:
    found = imported(tmp_path, model(table("t", INPUTS, OUTPUTS, ROWS)))
    assert errors(found) == []
    assert [finding for finding in check(found.text) if finding.severity == "error"] == []
    derived = RuleSet.parse(found.text).run(values).derived
    got = derived["tables.fees_表.fee_flat"]
    assert (None if got is None else str(got), derived["tables.fees_表.band"]) == (fee, band)


def test_what_means_something_else_is_told(tmp_path: Path) -> None:
    (hint,) = imported(tmp_path, model(table("t", INPUTS, OUTPUTS, ROWS))).findings
    assert (hint.code, hint.severity) == ("J010", "info")
    assert "a missing value goes to a person here" in hint.message
    assert hint.place.name == "node 'Fees 表' (t)"


def test_a_table_that_builds_on_another_is_carried_over_with_it(tmp_path: Path) -> None:
    second = table("u", [column("i", "fee.flat"), column("j", "vip")], [column("o", "ok")],
                   [{"i": "< 15", "j": "true", "o": "true"}, {"o": "false"}], name="Fees 表")  # fmt: skip
    first = table("t", INPUTS, OUTPUTS, ROWS, passThrough=True)
    found = imported(tmp_path, model(second, first, edges=[("in", "t"), ("t", "u")]))
    assert errors(found) == []
    rs = RuleSet.parse(found.text)
    assert rs.run({"cart.total": 100, "国家": "US", "vip": True}).derived["tables.fees_表_2.ok"] is True
    assert rs.run({"cart.total": 10, "国家": "US", "vip": True}).derived["tables.fees_表_2.ok"] is False
    without = imported(tmp_path, model(second, table("t", INPUTS, OUTPUTS, ROWS), edges=[("in", "t"), ("t", "u")]))
    assert ["nothing that comes before gives 'vip'" in finding.message for finding in errors(without)] == [True]
    assert "fees_表_2" not in without.text


CELLS = [
    ("a", "> cart.limit", "row 2, column 'cart.total'"),
    ("a", "> 5 or < 2", "row 2, column 'cart.total'"),
    ("a", "> 1e5", "row 2, column 'cart.total'"),
    ("a", "-", "row 2, column 'cart.total'"),
    ("a", "len($) > 2", "row 2, column 'cart.total'"),
    ("a", "'many'", "row 2, column 'cart.total'"),
    ("b", "> 'A'", "row 2, column '国家'"),
    ("b", "startsWith($, 'U')", "row 2, column '国家'"),
    ("b", "'U', 2", "row 2, column '国家'"),
    ("b", "'a\\'b'", "row 2, column '国家'"),
    ("b", 7, "row 2, column '国家'"),
    ("x", "cart.total * 0.1", "row 2, output 'fee.flat'"),
    ("x", "", "row 2, output 'fee.flat'"),
    ("x", "12345678901", "row 2, output 'fee.flat'"),
    ("x", "'free'", "row 2, output 'fee.flat'"),
    ("y", "' low'", "row 2, output 'band'"),
]


@pytest.mark.parametrize(("identity", "cell", "place"), CELLS)
def test_a_cell_without_an_equal_refuses_its_table(tmp_path: Path, identity: str, cell: object, place: str) -> None:
    rows = [dict(row) for row in ROWS]
    rows[1][identity] = cell  # type: ignore[assignment]
    other = table("u", [column("i", "vip")], [column("o", "ok")], [{"i": "true", "o": "true"}], name="other")
    found = imported(tmp_path, model(table("t", INPUTS, OUTPUTS, rows), other))
    (refused,) = errors(found)
    assert (refused.code, refused.place.name) == ("J003", f"node 'Fees 表' (t), {place}")
    assert set(RuleSet.parse(found.text).run({}).derived) == {"tables.other.ok"}


def changed(**more: Any) -> dict:
    return model(table("t", **({"inputs": INPUTS, "outputs": OUTPUTS, "rules": ROWS} | more)))


WHOLE = [
    (changed(hitPolicy="collect"), "J002", "a list"),
    (changed(executionMode="loop"), "J002", "'executionMode'"),
    (changed(inputField="cart"), "J002", "'inputField'"),
    (changed(inputField=[1]), "J002", "'inputField'"),
    (changed(inputs=[column("a", None)]), "J002", "'field'"),
    (changed(inputs=[column("a", "len(cart)")]), "J002", "is an expression"),
    (changed(inputs=[column("a", "total", defaultValue="5")]), "J002", "default value"),
    (changed(inputs=[column("a", "total"), 3]), "J002", "no list of objects"),
    (changed(outputs=[column("x", "my fee")]), "J002", "'my fee'"),
    (changed(outputs=[]), "J002", "no outputs"),
    (changed(rules=[{"a": "null", "x": "1", "y": "'b'"}]), "J002", "type of the input 'cart.total'"),
    (model({"id": "t", "name": "n", "type": "decisionTableNode"}), "J002", "no content"),
    (model({"id": "f", "name": "calc", "type": "functionNode"}), "J001", "'functionNode'"),
    (
        model(table("t", INPUTS, OUTPUTS, ROWS), {"id": "f", "type": "expressionNode"}, edges=[("f", "t")]),
        "J002",
        "inputs",
    ),
    (model(table("t", INPUTS, OUTPUTS, ROWS), edges=[("t", "t")]), "J002", "not carried over"),
    ('{"nodes": []}', "J001", "no decision table"),
]


@pytest.mark.parametrize(("content", "code", "words"), WHOLE)
def test_what_can_not_be_carried_over_is_one_sentence(tmp_path: Path, content: object, code: str, words: str) -> None:
    found = imported(tmp_path, content)
    assert found.text == ""
    assert any(finding.code == code and words in finding.message for finding in errors(found)), errors(found)


def test_two_tables_that_take_an_input_for_different_things(tmp_path: Path) -> None:
    one = table("t", [column("i", "vip")], [column("o", "ok")], [{"i": "true", "o": "true"}], name="one")
    two = table("u", [column("i", "vip")], [column("o", "ok")], [{"i": "1", "o": "true"}], name="two")
    found = imported(tmp_path, model(one, two))
    assert ["'vip' is a boolean in another table" in finding.message for finding in errors(found)] == [True]


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: the file does not exist"):
        import_jdm(tmp_path / "none.json")
    (tmp_path / "gbk.json").write_bytes("名称".encode("gb18030"))
    with pytest.raises(InputError, match="UTF-8"):
        import_jdm(tmp_path / "gbk.json")


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "[]", "7", '{"nodes": [1]}', '{"nodes": {"id": 1}}'])
def test_a_file_that_is_no_model(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError, match=r"model\.json: the file is no JDM model") as told:
        imported(tmp_path, content)
    assert told.value.cure == "export the decision again as JSON"


leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=6)
anything = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
cell = st.text(alphabet="><=!.,[]()'\"\\ 0123abnotiud", max_size=10) | leaf


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(cell, cell), min_size=1, max_size=3), anything, anything)
def test_any_model_is_carried_over_or_refused(
    tmp_path_factory: pytest.TempPathFactory, rows: list, strange: object, odd: object
) -> None:
    content = changed(
        inputs=[column("a", "total")], outputs=[column("x", "fee")], rules=[{"a": a, "x": x} for a, x in rows]
    )
    folder = tmp_path_factory.mktemp("jdm")
    content["nodes"][1]["name"] = odd
    found = imported(folder, content)
    assert found.text or errors(found)
    if found.text:
        assert RuleSet.parse(found.text).run({"total": 1}).derived
    content["nodes"][1]["content"]["inputs"] = strange
    imported(folder, content)
    content["nodes"].append(odd)
    for whole in (content, strange):
        with contextlib.suppress(InputError):
            imported(folder, whole)
