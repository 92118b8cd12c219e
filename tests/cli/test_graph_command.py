"""`fengkong graph`: built from tables and documents, asked for facts, rings and copies."""

import json

import pytest

EDGES = "kind,start_type,start,end_type,end,time\n" + "".join(
    f"uses,person,P{number},phone,1380013800{number % 2},2026-01-0{number + 1}\n" for number in range(5)
)
BUILD = ["graph", "build", "links.parquet"]


@pytest.fixture
def tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "edges.csv").write_text(EDGES, encoding="utf-8")
    (tmp_path / "known.csv").write_text("type,name,bad_since\nperson,P0,2026-01-03\n", encoding="utf-8")
    return tmp_path


def test_a_graph_is_built_and_asked(fengkong, tables):
    built = fengkong(*BUILD, "--edges", "edges.csv", "--entities", "known.csv")
    assert built.out == "links.parquet: 7 entities, 5 edges\n"
    facts = json.loads(fengkong("graph", "facts", "links.parquet", "person", "p4", "--json").out)
    assert facts["facts"]["hops_to_bad"] == 2
    assert facts["facts"]["ring_size"] == 3
    assert facts["links"] == [{"type": "phone", "name": "13800138000"}]
    before = json.loads(fengkong("graph", "facts", "links.parquet", "person", "p4", "--at", "2026-01-02", "--json").out)
    assert (before["facts"]["hops_to_bad"], before["links"]) == (5, [])
    shown = fengkong("graph", "facts", "links.parquet", "phone", "+86 138 0013 8000").out
    assert "hops_to_bad" in shown
    assert "p4" in shown
    rings = json.loads(fengkong("graph", "rings", "links.parquet", "--json").out)["rings"]
    assert sorted(map(sorted, rings)) == [["p0", "p2", "p4"], ["p1", "p3"]]
    assert "p0, p2, p4" in fengkong("graph", "rings", "links.parquet", "--least", 3).out


def test_a_graph_grows_by_documents(fengkong, tables):
    fengkong(*BUILD, "--edges", "edges.csv")
    doc = {"text": "hi", "time": "2026-02-01", "fields": {"who": "P9", "phone": "138 0013 8001"}}
    (tables / "docs.jsonl").write_text(json.dumps(doc), encoding="utf-8")
    roles = ["--role", "who=person:who", "--role", "phone=phone:phone", "--link", "uses:who:phone"]
    built = fengkong(*BUILD, "--documents", "docs.jsonl", *roles, "--json")
    assert (json.loads(built.out)["entities"], json.loads(built.out)["edges"]) == (8, 6)
    assert (
        json.loads(fengkong("graph", "facts", "links.parquet", "person", "P9", "--json").out)["facts"]["ring_size"] == 3
    )


def test_bad_rows_stop_the_building_or_are_set_aside(fengkong, tables):
    (tables / "edges.csv").write_text(EDGES + "uses,person,P9,phone,,2026-01-01\n", encoding="utf-8")
    stopped = fengkong(*BUILD, "--edges", "edges.csv")
    assert (stopped.code, (tables / "links.parquet").exists()) == (3, False)
    assert stopped.err == "fengkong: edges.csv:7: the row has no end; fill the cell in, or leave the row out.\n"
    built = fengkong(*BUILD, "--edges", "edges.csv", "--on-bad-row", "skip")
    assert built.out == "links.parquet: 7 entities, 5 edges; 1 rows skipped\n"
    (reject,) = (tables / "edges.csv.rejects.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(reject)["line"] == 7


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--role", "who", "--link", "uses:who:phone"], "a role is written as NAME=TYPE:FIELD"),
        (["--role", "who=person:who", "--link", "uses"], "a link is written as KIND:START:END"),
        (["--role", "who=person:who"], "documents need roles and links"),
        (["--role", "who=persn:who", "--link", "uses:who:who"], "did you mean 'person'?"),
        (["--role", "who=person:who", "--link", "uses:who:who"], "a document has no time"),
    ],
)
def test_what_documents_lack_is_told(fengkong, tables, options, said):
    (tables / "docs.jsonl").write_text('{"text": "hi", "fields": {"who": "A"}}', encoding="utf-8")
    result = fengkong(*BUILD, "--documents", "docs.jsonl", *options)
    assert result.code == 3
    assert said in result.err
    assert not (tables / "links.parquet").exists()


def test_an_unknown_entity_and_a_bad_time_are_told(fengkong, tables):
    fengkong(*BUILD, "--edges", "edges.csv")
    assert "the graph knows no such person" in fengkong("graph", "facts", "links.parquet", "person", "P77").err
    assert "--at: not a time" in fengkong("graph", "rings", "links.parquet", "--at", "soon").err
    assert "there is no such graph" in fengkong("graph", "rings", "other.parquet").err
    assert "did you mean 'uses'?" in fengkong("graph", "rings", "links.parquet", "--kind", "usess").err
    assert "edges.csv: this is no graph file" in fengkong("graph", "rings", "edges.csv").err


def test_a_field_that_no_document_has_is_told(fengkong, tables):
    doc = {"text": "hi", "time": "2026-02-01", "fields": {"who": "P9", "phone": "138 0013 8001"}}
    (tables / "docs.jsonl").write_text(json.dumps(doc), encoding="utf-8")
    roles = ["--role", "who=person:who", "--role", "phone=phone:fone", "--link", "uses:who:phone"]
    built = fengkong(*BUILD, "--documents", "docs.jsonl", *roles)
    assert built.code == 0
    assert "G001" in built.err
    assert "no document has the field 'fone' of the role 'phone'; did you mean 'phone'?" in built.err
    (finding,) = json.loads(fengkong(*BUILD, "--documents", "docs.jsonl", *roles, "--json").out)["findings"]
    assert finding["code"] == "G001"


def test_copied_texts_are_shown(fengkong, tables):
    script = "My name is {} and I need {} dollars to pay off my cards, I have a steady job and never missed a payment."
    texts = [script.format(name, amount) for name, amount in (("Ann Lee", 5000), ("Bob Ray", "12,000"))]
    rows = [
        {"id": f"d{n}", "text": text} for n, text in enumerate([*texts, "Something else altogether, about a bakery."])
    ]
    (tables / "texts.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert json.loads(fengkong("graph", "copies", "texts.jsonl", "--json").out) == {"rings": [["d0", "d1"]]}
    assert "d0, d1" in fengkong("graph", "copies", "texts.jsonl").out
    assert fengkong("graph", "copies", "texts.jsonl", "--least", 3).out == "no rings\n"
