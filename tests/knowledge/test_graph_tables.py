"""Tables of entities and edges: what is read, and what is said of a row that can't be."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from fengkong.corpus.sources import open_table
from fengkong.domain.errors import InputError
from fengkong.knowledge import EntityGraph, read_edges, read_entities

EDGES = "kind,start_type,start,end_type,end,time,until,value\n"
GOOD = "guarantees,company,甲有限公司,company,Acme Ltd.,2026-01-02,,120000.50\n"


@pytest.fixture
def read(tmp_path):
    def run(text, take=read_edges, name="edges.csv", **options):
        (tmp_path / name).write_text(text, encoding="utf-8")
        graph = EntityGraph()
        with open_table(tmp_path / name, name) as table:
            take(graph, table, **options)
        return graph

    return run


def test_edges_come_from_csv_and_json_lines_alike(read):
    values = dict(zip(EDGES.strip().split(","), GOOD.strip().split(","), strict=True))
    values = {name: value for name, value in values.items() if value} | {"value": 120000.5, "source": "edges.csv"}
    from_json = list(read(json.dumps(values, ensure_ascii=False), name="edges.jsonl").edges())
    (edge,) = read(EDGES + GOOD).edges()
    assert [edge] == from_json
    assert edge.start.name == "甲有限公司"
    assert edge.end.name == "acme ltd"
    assert edge.time == datetime(2026, 1, 2, tzinfo=UTC)
    assert str(edge.value) == "120000.50"


def test_a_name_that_a_table_leaves_as_nan_is_none():
    row = SimpleNamespace(line=2, values={"type": "person", "name": float("nan")}, fault=None)
    table = SimpleNamespace(file="known.parquet", columns=["type", "name"], rows=iter([row]))
    with pytest.raises(InputError, match="the row has no name"):
        read_entities(EntityGraph(), table)


def test_chinese_columns_are_read(read):
    header = "关系,起点类型,起点,终点类型,终点,时间,来源\n"
    (edge,) = read(header + "uses,person,张三,phone,１３８００１３８０００,2026-01-02T08:00+08:00,工商\n").edges()
    assert edge.end.name == "13800138000"
    assert edge.time == datetime(2026, 1, 2, tzinfo=UTC)
    assert edge.source == "工商"


def test_entities_bring_their_other_names_and_marks(read):
    text = "type,name,aliases,bad_since\ncompany,深圳市腾讯计算机系统有限公司,腾讯|Tencent,\nperson,李四,,2026-03-01\n"
    graph = read(text, read_entities)
    assert graph.number(graph.vocabulary.entity("company", "TENCENT")) == 0
    assert [(entity.name, since.month) for entity, since in graph.bad()] == [("李四", 3)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "guarantee,company,a,company,b,2026-01-02,,",
            "edges.csv:3: the kind is not declared (received 9 characters, 0 of them digits); did",
        ),
        ("guarantees,firm,a,company,b,2026-01-02,,", "edges.csv:3: the start_type is not declared"),
        ("guarantees,13800138000,a,company,b,2026-01-02,,", "edges.csv:3: the start_type is not declared (received 11"),
        ("guarantees,company,,company,b,2026-01-02,,", "edges.csv:3: the row has no start; fill the cell in"),
        ("guarantees,company,a,company,--,2026-01-02,,", "edges.csv:3: the company has no name"),
        ("guarantees,company,a,company,b,,,", "edges.csv:3: the row has no time"),
        (
            "guarantees,company,a,company,b,2nd of May,,",
            "edges.csv:3: the time is not a time (received 10 characters, 1 of them digits)",
        ),
        ("guarantees,company,a,company,b,2026-01-02,2025-01-01,", "edges.csv:3: an edge ends before it began"),
        ('guarantees,company,a,company,b,2026-01-02,,"1,000"', "edges.csv:3: the value is not a number"),
        ("owns,company,a,company,b,2026-01-02,,60", "edges.csv:3: a share lies between 0 and 1 (received 60)"),
        ("owns,company,a,company,b", "edges.csv:3: the row does not fit the header"),
    ],
)
def test_a_bad_row_is_one_sentence_with_its_place(read, row, said):
    with pytest.raises(InputError) as refused:
        read(EDGES + GOOD + row + "\n")
    assert refused.value.sentence.startswith(said)
    met = []
    graph = read(EDGES + row + "\n" + GOOD, on_bad_row=lambda row, error: met.append((row.line, error.sentence)))
    assert graph.edge_count == 1
    assert met == [(2, refused.value.sentence.replace(":3:", ":2:"))]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            EDGES.replace("until", "untill"),
            "edges.csv: the column is not known (received 'untill'); did you mean 'until'?",
        ),
        (EDGES.replace("time,", ""), "edges.csv: there is no column 'time'; add 'time' (时间)."),
    ],
)
def test_a_misspelt_or_missing_column_is_told(read, header, said):
    with pytest.raises(InputError) as refused:
        read(header + "uses,a,b,c,d,e,f\n" if "time" not in header else header + GOOD)
    assert refused.value.sentence == said


def test_an_entity_row_with_a_bad_part_leaves_nothing_behind(read):
    text = "type,name,bad_since\nperson,a,2026-01-01\nperson,b,yesterday\n"
    errors = []
    graph = read(text, read_entities, on_bad_row=lambda row, error: errors.append(row.line))
    assert (len(graph), errors) == (1, [3])
