"""A saved graph says again what was said, and a spoilt one is refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain.errors import FacilityError, InputError
from fengkong.knowledge import Edge, EntityGraph, Vocabulary, load_graph, save_graph

WORDS = Vocabulary()
START = datetime(2026, 1, 1, tzinfo=UTC)
names = st.text("abc甲乙", min_size=1, max_size=2)
entities = st.builds(WORDS.entity, st.sampled_from(["person", "company"]), names)
values = st.none() | st.decimals(0, 10**12, places=2)
moments = st.integers(0, 10**7).map(lambda count: START + timedelta(microseconds=count))
edges = st.builds(
    Edge, st.just("guarantees"), entities, entities, moments, st.none(), values, st.sampled_from(["", "s"])
)


def whole(graph):
    return (
        list(graph.entities()),
        list(graph.edges()),
        graph.bad(),
        list(graph.aliases()),
        [[graph.time[edge] for edge in edges] for edges in (*graph.leaving, *graph.arriving)],
    )


@settings(deadline=None, max_examples=60)
@given(
    st.lists(edges, max_size=8),
    st.lists(st.tuples(entities, moments), max_size=2),
    st.lists(st.tuples(entities, entities), max_size=2),
)
def test_a_graph_comes_back_as_it_was(tmp_path_factory, said, bad, aliases):
    graph = EntityGraph()
    graph.extend(said)
    for entity, since in bad:
        graph.mark_bad(entity, since)
    for entity, alias in aliases:
        graph.alias(entity, alias)
    path = tmp_path_factory.mktemp("graph") / "graph.parquet"
    save_graph(graph, path)
    again = load_graph(path)
    assert whole(again) == whole(graph)
    assert [path.name for path in path.parent.iterdir()] == ["graph.parquet"]


@pytest.fixture
def saved(tmp_path):
    graph = EntityGraph()
    graph.add(Edge("owns", WORDS.entity("person", "a"), WORDS.entity("company", "b"), START, None, Decimal("0.6")))
    save_graph(graph, tmp_path / "graph.parquet")
    return tmp_path / "graph.parquet"


def spoil(path, **columns):
    frame = pl.read_parquet(path)
    changed = pl.when(pl.col("kind") == "owns")
    frame = frame.with_columns(
        changed.then(pl.lit(value, frame.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in columns.items()
    )
    frame.write_parquet(path, metadata={"fengkong.graph": "1"})


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"kind": "own"}, "did you mean 'owns'"),
        ({"value": "1.5"}, "a share lies between 0 and 1"),
        ({"value": "much"}, "is not a number"),
        ({"time": None}, "lacks a part"),
        ({"start": "nobody"}, "lacks a part"),
        ({"until": datetime(2020, 1, 1, tzinfo=UTC)}, "ends before it began"),
    ],
)
def test_a_graph_that_was_tampered_with_is_refused(saved, columns, said):
    spoil(saved, **columns)
    with pytest.raises(InputError, match=said) as refused:
        load_graph(saved)
    assert refused.value.where == str(saved)


def test_what_is_no_graph_is_refused(saved, tmp_path):
    with pytest.raises(InputError, match="there is no such graph"):
        load_graph(tmp_path / "other.parquet")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="this is no graph file"):
        load_graph(tmp_path / "other.parquet")
    (tmp_path / "other.parquet").write_text("kind,start\n", encoding="utf-8")
    with pytest.raises(InputError, match="this is no graph file"):
        load_graph(tmp_path / "other.parquet")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet", metadata={"fengkong.graph": "0"})
    with pytest.raises(InputError, match="not a graph of this version"):
        load_graph(tmp_path / "other.parquet")
    saved.write_bytes(saved.read_bytes()[:-20])
    with pytest.raises(InputError, match="can't be read"):
        load_graph(saved)


def test_a_graph_that_cannot_be_written_leaves_the_old_one(saved):
    (saved.parent / "graph.parquet.part").mkdir()
    with pytest.raises(FacilityError, match="can't be saved"):
        save_graph(EntityGraph(), saved)
    assert load_graph(saved).edge_count == 1
