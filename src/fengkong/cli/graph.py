"""`fengkong graph`: who is linked to whom, built from tables or documents, and asked for facts, rings and copies."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from fengkong import assembly, corpus, knowledge
from fengkong.cli.data import read_documents, rejects_beside, with_columns
from fengkong.cli.options import Column, Json, OnBadRow, Rejects
from fengkong.cli.terminal import draw_findings, emit_json, out, progress_out, table
from fengkong.domain.documents import Document
from fengkong.domain.errors import InputError, SettingsError, likely_slip
from fengkong.domain.findings import Finding, Severity
from fengkong.ledger.entries import utc_now

__all__ = ["graph"]

graph = typer.Typer(help="Link entities, and find rings and copied texts among them.", no_args_is_help=True)

Graph = Annotated[Path, typer.Argument(help="A graph that `fengkong graph build` wrote.")]
At = Annotated[str | None, typer.Option("--at", help="As it was known at this time (ISO 8601); else now.")]
Least = Annotated[int, typer.Option(min=2, help="The smallest ring shown.")]
Most = Annotated[int, typer.Option(min=1, help="How many are shown.")]


@graph.callback()
def group() -> None:
    """Link entities, and find rings and copied texts among them."""


@graph.command()
def build(
    file: Annotated[Path, typer.Argument(help="Where the graph goes; one that is there grows.")],
    entities: Annotated[list[Path] | None, typer.Option(help="A table of entities; repeat.")] = None,
    edges: Annotated[list[Path] | None, typer.Option(help="A table of edges; repeat.")] = None,
    documents: Annotated[str | None, typer.Option(help="Texts with their fields, each with its time.")] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="Who a field of documents names, as NAME=TYPE:FIELD; repeat.")
    ] = None,
    link: Annotated[
        list[str] | None, typer.Option(help="How roles are linked, as KIND:START:END or KIND:START:END:FIELD; repeat.")
    ] = None,
    column: Column = None,
    on_bad_row: OnBadRow = "stop",
    as_json: Json = False,
) -> None:
    """Build a graph from tables of entities and edges, and from documents.

    Example: fengkong graph build links.parquet --edges edges.csv --entities known.csv
    """
    built = knowledge.load_graph(file) if file.exists() else knowledge.EntityGraph()
    reading = _reading(role or (), link or ()) if documents else None
    report = corpus.ReadReport()
    skipped = sum(_take_table(built, knowledge.read_entities, source, on_bad_row) for source in entities or ())
    skipped += sum(_take_table(built, knowledge.read_edges, source, on_bad_row) for source in edges or ())
    seen: set[str] = set()
    if documents and reading:
        data = with_columns(assembly.DataSettings(source=documents), column)
        for doc in read_documents(documents, data, report, on_bad_row=on_bad_row, rejects=None):
            seen.update(doc.fields)
            built.extend(reading.edges(doc, _time(doc)))
    knowledge.save_graph(built, file)
    skipped += report.skipped
    findings = [*report.findings(), *(_fieldless(reading, seen) if reading else ())]
    if as_json:
        found = {"entities": len(built), "edges": built.edge_count, "skipped": skipped, "findings": findings}
        emit_json({"graph": file, **found})
        return
    told = f"; {skipped:,} rows skipped" if skipped else ""
    out.print(f"{file}: {len(built):,} entities, {built.edge_count:,} edges{told}")
    progress_out.print(*draw_findings(findings), sep="\n", end="")


@graph.command()
def facts(
    file: Graph,
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="person, company, phone, device, address, account ...")],
    name: Annotated[str, typer.Argument(help="The name that identifies it, however it is spelt.")],
    at: At = None,
    as_json: Json = False,
) -> None:
    """Show the facts of one entity, and those it is linked with.

    Example: fengkong graph facts links.parquet phone 13800138000 --at 2026-03-01
    """
    known = knowledge.load_graph(file)
    entity = known.vocabulary.entity(type_, name)
    if known.number(entity) is None:
        raise InputError(f"the graph knows no such {type_}", where=str(file), cure="check the type and the name")
    source = knowledge.GraphFacts(known, knowledge.DocumentReading([knowledge.Role("entity", type_, "name")]))
    moment = _moment(at)
    found = source.facts(Document("", {"name": name}, id="asked"), moment)
    values = {fact.name.removeprefix("graph.entity."): fact.value for fact in found}
    view = knowledge.GraphView(known, moment)
    near = [view.entity(number) for number in view.neighbours(view.number(entity))]
    if as_json:
        emit_json({"type": type_, "name": entity.name, "facts": values, "links": [other._asdict() for other in near]})
        return
    out.print(table("fact", "value", rows=([fact, _shown(value)] for fact, value in values.items())))
    out.print(table("linked with", "", rows=([other.name, other.type] for other in near)))


@graph.command()
def rings(
    file: Graph,
    at: At = None,
    kind: Annotated[list[str] | None, typer.Option(help="The kinds of edges that share things; repeat.")] = None,
    least: Least = 2,
    most: Most = 20,
    as_json: Json = False,
) -> None:
    """Show the rings: those who share phones, devices and the like, directly or through others.

    Example: fengkong graph rings links.parquet --least 5
    """
    known = knowledge.load_graph(file)
    for one in kind or ():
        known.vocabulary.measure(one)  # refuses a kind that is not declared
    view = knowledge.GraphView(known, _moment(at))
    found = knowledge.all_rings(view, kind or ("uses",))
    named = [[view.entity(member).name for member in ring] for ring in found if len(ring) >= least]
    _show_rings(named, most, as_json)


@graph.command()
def copies(
    file: Annotated[str, typer.Argument(help="Texts (.csv .tsv .jsonl .parquet, also .gz); - reads JSON Lines.")],
    names: Annotated[
        list[str] | None, typer.Option("--names", help="A field whose value is taken out of the text; repeat.")
    ] = None,
    least: Least = 2,
    most: Most = 20,
    column: Column = None,
    on_bad_row: OnBadRow = "stop",
    rejects: Rejects = None,
    as_json: Json = False,
) -> None:
    """Show which texts follow one script, whatever names, numbers and identifiers were varied.

    Example: fengkong graph copies applications.jsonl --names applicant
    """
    data = with_columns(assembly.DataSettings(source=file), column)
    report = corpus.ReadReport()
    docs = list(read_documents(file, data, report, on_bad_row=on_bad_row, rejects=rejects))
    stated = [[str(doc.fields[name]) for name in names or () if doc.fields.get(name) is not None] for doc in docs]
    found = knowledge.script_rings([doc.text for doc in docs], stated)
    _show_rings([[docs[place].id for place in ring] for ring in found if len(ring) >= least], most, as_json)
    progress_out.print(*draw_findings(report.findings()), sep="\n", end="")


def _take_table(
    built: "knowledge.EntityGraph", read: Callable[..., int], file: Path, on_bad_row: Literal["stop", "skip"]
) -> int:
    """Take in one table, and tell how many of its rows were skipped; they go to a file beside it."""
    with corpus.open_table(file) as rows:
        if on_bad_row == "stop":
            read(built, rows)
            return 0
        skipped: list[int] = []
        with corpus.Rejects(rejects_beside(str(file))) as rejects:

            def set_aside(row: "knowledge.GraphRow", error: InputError) -> None:
                skipped.append(row.line)
                rejects.write(str(file), row.line, dict(row.values), error)

            read(built, rows, set_aside)
        return len(skipped)


def _reading(roles: Sequence[str], links: Sequence[str]) -> "knowledge.DocumentReading":
    """What documents say, as the options declare it."""
    declared = []
    for given in roles:
        name, equals, where = given.partition("=")
        type_, colon, field = where.partition(":")
        if not (equals and colon and name and type_ and field):
            cure = "such as applicant=person:id_number"
            raise SettingsError("a role is written as NAME=TYPE:FIELD", where="--role", received=repr(given), cure=cure)
        declared.append(knowledge.Role(name, type_, field))
    relations = []
    for given in links:
        parts = given.split(":")
        if len(parts) not in (3, 4) or not all(parts):
            cure = "or KIND:START:END:FIELD with an amount"
            raise SettingsError("a link is written as KIND:START:END", where="--link", received=repr(given), cure=cure)
        relations.append(knowledge.Relation(*parts))
    if not relations:
        cure = "such as --role applicant=person:id --role phone=phone:phone --link uses:applicant:phone"
        raise SettingsError("documents need roles and links", where="--documents", cure=cure)
    return knowledge.DocumentReading(declared, relations)


def _fieldless(reading: "knowledge.DocumentReading", seen: Collection[str]) -> Iterator[Finding]:
    """Fields that the options name and no document has, so that nobody is linked by them."""
    named = {role.field: f"role {role.name!r}" for role in reading.roles}
    named |= {link.value: f"link {link.kind!r}" for link in reading.relations if link.value}
    for field, whose in named.items():
        if field not in seen:
            message = f"no document has the field {field!r} of the {whose}"
            yield Finding("G001", Severity.WARNING, message, cure=likely_slip(field, seen))


def _time(doc: Document) -> datetime:
    if doc.time is None:
        cure = "name its column with --column time=NAME"
        raise InputError("a document has no time, and a graph must know since when", where=doc.source, cure=cure)
    return doc.time


def _moment(at: str | None) -> datetime:
    if at is None:
        return utc_now()
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        cure = "write ISO 8601, such as 2026-03-01"
        raise SettingsError("not a time", where="--at", received=repr(at), cure=cure) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _show_rings(rings: Sequence[Sequence[str]], most: int, as_json: bool) -> None:
    if as_json:
        emit_json({"rings": rings})
        return
    if not rings:
        out.print("no rings")
        return
    rows = ([", ".join(ring[:5]) + (" ..." if len(ring) > 5 else ""), f"{len(ring):,}"] for ring in rings[:most])
    out.print(table("members", "count", rows=rows))
    if len(rings) > most:
        out.print(f"and {len(rings) - most:,} more")


def _shown(value: object) -> str:
    return "unknown" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
