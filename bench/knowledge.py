"""How long the facts of one entity take in a graph of a million edges: `python -m bench.knowledge`.

Times are of the processor, so that other work on the machine doesn't count.

The graph is simulated: persons with phones, devices, addresses and accounts, most of them used by one or two and some
by very many (Zipf), companies that own and guarantee each other, and a thousandth of the persons known to be bad. The
table goes to docs/results.md.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import process_time

import numpy as np

from bench.tables import replace_section, table
from fengkong.domain.documents import Document
from fengkong.knowledge import DocumentReading, EntityGraph, GraphFacts, Relation, Role, save_graph
from fengkong.knowledge.entities import Edge, Entity

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 1
READING = DocumentReading(
    roles=[
        Role("applicant", "person", field="id"),
        Role("phone", "phone", field="phone"),
        Role("device", "device", field="device"),
        Role("employer", "company", field="employer"),
    ],
    relations=[
        Relation("uses", "applicant", "phone"),
        Relation("uses", "applicant", "device"),
        Relation("works_for", "applicant", "employer"),
    ],
)


def simulated(edges: int) -> EntityGraph:
    """A graph of so many edges, of which two thirds say what persons use."""
    draw = np.random.default_rng(SEED)
    persons, companies, things = edges // 4, edges // 20, edges // 4
    graph = EntityGraph()
    minutes = np.sort(draw.integers(0, 2 * 365 * 24 * 60, edges)).tolist()
    kinds = draw.choice(["uses", "works_for", "transfers", "guarantees", "owns"], edges, p=[0.6, 0.15, 0.1, 0.1, 0.05])
    crowd = np.minimum(draw.zipf(1.6, edges), things).tolist()
    alone = draw.integers(0, things, edges).tolist()
    popular = draw.random(edges) < 0.2
    whom = draw.integers(0, persons, (edges, 2)).tolist()
    firms = draw.integers(0, companies, (edges, 2)).tolist()
    for n, kind in enumerate(kinds.tolist()):
        person, company = Entity("person", f"{whom[n][0]:018}"), Entity("company", f"firm {firms[n][0]} ltd")
        other = Entity("company", f"firm {firms[n][1]} ltd")
        thing = crowd[n] if popular[n] else alone[n]
        used = Entity(("phone", "device", "address", "account")[thing % 4], f"{thing:011}")
        start, end, value = {
            "uses": (person, used, None),
            "works_for": (person, company, None),
            "transfers": (person, Entity("person", f"{whom[n][1]:018}"), Decimal(100)),
            "guarantees": (company, other, Decimal(50_000)),
            "owns": (company, other, Decimal("0.6")),
        }[kind]
        graph.add(Edge(kind, start, end, START + timedelta(minutes=minutes[n]), None, value))
    for number in draw.integers(0, persons, persons // 1000).tolist():
        graph.mark_bad(Entity("person", f"{number:018}"), START)
    return graph


def applications(graph: EntityGraph, count: int) -> list[Document]:
    """Applications that name entities of the graph, drawn by their edges, so that those with many links come often."""
    draw = np.random.default_rng(SEED + 1)
    by_type: dict[str, list[str]] = {"person": [], "phone": [], "device": [], "company": []}
    for edge in draw.permutation(graph.edge_count).tolist():
        for end in (graph.start[edge], graph.end[edge]):
            entity = graph.entity(end)
            if entity.type in by_type:
                by_type[entity.type].append(entity.name)
    rows = zip(*(by_type[kind][:count] for kind in ("person", "phone", "device", "company")), strict=True)
    return [
        Document("", {"id": a, "phone": b, "device": c, "employer": d}, id=f"doc{n}")
        for n, (a, b, c, d) in enumerate(rows)
    ]


def milliseconds(source: GraphFacts, docs: Sequence[Document]) -> str:
    """Median, 99th percentile and longest time of all facts on one document."""
    taken = []
    for doc in docs:
        began = process_time()
        source.facts(doc, NOW)
        taken.append(1e3 * (process_time() - began))
    middle, high = np.percentile(taken, [50, 99])
    return f"{middle:.2f} / {high:.2f} / {max(taken):.2f} ms"


def loaded(path: Path) -> tuple[float, float]:
    """Seconds that loading takes in a process of its own, and the MB that the graph then holds there."""
    code = (
        "import sys, time, pathlib, resource; from fengkong.knowledge.storing import load_graph; import polars;"
        "pages = lambda: int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize() / 2**20;"
        "before = pages(); began = time.process_time(); graph = load_graph(pathlib.Path(sys.argv[1]));"
        "print(time.process_time() - began, pages() - before)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True).stdout
    seconds, held = map(float, told.split())
    return seconds, held


def main() -> None:
    """Measure and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    began = process_time()
    graph = simulated(given.edges)
    built = process_time() - began
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.parquet"
        save_graph(graph, path)
        size = path.stat().st_size / 2**20
        seconds, held = loaded(path)
    docs = applications(graph, given.documents)
    rows = [["edges, entities", f"{graph.edge_count:,}, {len(graph):,}"]]
    rows += [["built edge by edge", f"{built:.0f} s"]]
    rows += [["saved; loaded; memory then held", f"{size:.0f} MB; {seconds:.1f} s; {held:,.0f} MB"]]
    every = sorted(GraphFacts(graph, READING).names)
    for role in [role.name for role in READING.roles]:
        names = [name for name in every if name.startswith(f"graph.{role}.")]
        shown = milliseconds(GraphFacts(graph, READING, only=names), docs)
        rows.append([f"all {len(names)} facts of one {role}: median / 99% / longest of {len(docs):,}", shown])
    rows.append(
        [f"all {len(every)} facts of the four in one application", milliseconds(GraphFacts(graph, READING), docs)]
    )
    shown = table(["what", "measured"], rows)
    print(shown)
    if given.results:
        replace_section("knowledge", shown, given.results)


if __name__ == "__main__":
    main()
