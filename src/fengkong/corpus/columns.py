"""Which column is the text, which the label: named by the caller, or found by their usual names in two languages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from fengkong.domain.errors import InputError

__all__ = ["Binding", "Columns", "bind", "bind_late"]

# The first of each row is the plain name, which wins over the others; among the others the order is the preference.
_USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "text": (
        *(
            "text",
            "sentence",
            "content",
            "message",
            "body",
            "document",
            "narrative",
            "description",
            "review",
            "comment",
        ),
        *("tweet", "headline", "sms", "dialogue", "文本", "内容", "正文", "句子", "短信", "评论", "描述"),
    ),
    "label": (
        *("label", "target", "class", "category", "sentiment", "intent", "outcome", "y"),
        *("标签", "类别", "分类", "类型", "情感", "结果", "是否违约"),
    ),
    "labels": ("labels", "label_list", "标签列表", "多标签"),
    "pair": ("pair", "text_pair", "second_text", "对照文本", "第二文本"),
    "tokens": ("tokens", "words", "分词", "字"),
    "tags": ("tags", "ner_tags", "bio_tags", "bio", "标注"),
    "entities": ("entities", "spans", "ner_spans", "实体"),
    "split": ("split", "fold", "subset", "partition", "划分", "数据集"),
    "time": ("time", "timestamp", "datetime", "date", "created_at", "published_at", "时间", "日期", "发布时间"),
    "group": (
        *("group", "group_id", "entity", "entity_id", "applicant_id", "customer_id", "borrower_id"),
        *("分组", "组别", "主体", "客户编号", "客户号", "申请人编号"),
    ),
    "id": ("id", "doc_id", "document_id", "text_id", "application_id", "编号", "申请编号"),
    "fields": ("fields", "facts", "字段", "申请信息"),
}
_ALWAYS_READ = ("time", "id")
_READ_WITH_LABELS = ("split", "group")
_FIELD_PREFIXES = ("fields.", "field.", "字段.")


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of columns. None means "find it by its usual names"; "" means "there is none, don't look".

    labels: all labels of a text that may bear several or none, as a list. pair: the second text, where two are read.
    tokens, tags: the words of a text and their BIO tags, as lists. entities: the named stretches of a text as a list of
        objects with start, end and label. A text labelled by these needs no label.
    fields: one column that holds an object (JSON in CSV), or several columns, each a fact of its own name; found, it is
        a column `fields` or columns `fields.<name>`.
    """

    text: str | None = None
    label: str | None = None
    labels: str | None = None
    pair: str | None = None
    tokens: str | None = None
    tags: str | None = None
    entities: str | None = None
    split: str | None = None
    time: str | None = None
    group: str | None = None
    id: str | None = None
    fields: str | Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """The columns of one file that are read; None where the file has none, and no text where there are tokens or facts
    alone.

    fields: the column of objects. field_columns: fact name to column name.
    guessed: the names of this class's attributes that the caller did not give.
    """

    text: str
    label: str | None = None
    labels: str | None = None
    pair: str | None = None
    tokens: str | None = None
    tags: str | None = None
    entities: str | None = None
    split: str | None = None
    time: str | None = None
    group: str | None = None
    id: str | None = None
    fields: str | None = None
    field_columns: Mapping[str, str] = field(default_factory=dict)
    guessed: frozenset[str] = frozenset()

    @property
    def read(self) -> frozenset[str]:
        """The names of all columns that are read."""
        parts = {getattr(self, role) for role in _USUAL_NAMES} - {None, ""}
        return frozenset(parts).union(self.field_columns.values())


def bind(columns: Columns, found: Sequence[str], *, where: str, labelled: bool) -> Binding:
    """The columns to read, of those `found` in a file.

    Raises InputError for a column that was named or is needed but isn't there (listing those found and the
    likely slip), and where several could be the text or the label.
    """
    tokens, tags, entities = _entity_columns(columns, found, where, labelled=labelled)
    fields, field_columns = _field_columns(columns.fields, found, where)
    facts_alone = columns.text == "" and bool(fields or field_columns)
    text = None if facts_alone else _column("text", columns.text, found, where, needed=tokens is None)
    labels = _column("labels", columns.labels, found, where) if labelled else None
    needed = not (tags or entities or labels)
    label = _column("label", columns.label, found, where, needed=needed) if labelled else None
    roles = _ALWAYS_READ + (_READ_WITH_LABELS if labelled else ())
    optional = {name: _column(name, getattr(columns, name), found, where) for name in roles}
    return Binding(
        text=text or "",
        label=label,
        labels=labels,
        pair=_column("pair", columns.pair, found, where),
        tokens=tokens,
        tags=tags,
        entities=entities,
        fields=fields,
        field_columns=field_columns,
        guessed=frozenset(name for name in _USUAL_NAMES if getattr(columns, name) is None),
        **optional,
    )


def bind_late(binding: Binding, late: Sequence[str], *, labelled: bool) -> Binding:
    """The same, with the parts it lacks from columns that first appear in a later row; those named stay as named."""
    roles = (*_ALWAYS_READ, *(_READ_WITH_LABELS if labelled else ()), "fields")
    lacking = [role for role in roles if role in binding.guessed and getattr(binding, role) is None]
    added = {role: usual[0] for role in lacking if (usual := _usual(role, late))}
    facts = _prefixed(late) if "fields" in binding.guessed else {}
    return replace(binding, field_columns={**binding.field_columns, **facts}, **added)  # type: ignore[arg-type] # roles


def _entity_columns(
    columns: Columns, found: Sequence[str], where: str, *, labelled: bool
) -> tuple[str | None, str | None, str | None]:
    """Tokens, tags and entities. Words are read where they are named, bear tags, or are all that there is to read."""
    tokens, tags, entities = (
        _column(role, getattr(columns, role), found, where) for role in ("tokens", "tags", "entities")
    )
    if columns.tags and tokens is None:
        cure = "name their column with tokens=..."
        raise InputError("tags need the words that they belong to", where=where, received=_listed(found), cure=cure)
    if not columns.tokens and (tags is None and _usual("text", found)):
        tokens = None
    tags = tags if labelled and tokens is not None else None
    return tokens, tags, entities if labelled else None


def _column(role: str, named: str | None, found: Sequence[str], where: str, *, needed: bool = False) -> str | None:
    if named == "" and not needed:
        return None
    if named:
        return _named(role, named, found, where)
    candidates = _usual(role, found)
    if not candidates and needed:
        raise InputError(
            f"no column for the {role}",
            where=where,
            received=_listed(found),
            cure=_slip(_USUAL_NAMES[role], found) or f"name it with {role}=..., or rename it to {role!r}",
        )
    if needed and len(candidates) > 1 and candidates[0].strip().casefold() != role:
        raise InputError(
            f"several columns could be the {role}",
            where=where,
            received=_listed(candidates),
            cure=f"name one with {role}=...",
        )
    return candidates[0] if candidates else None


def _named(role: str, named: str, found: Sequence[str], where: str) -> str:
    if named in found:
        return named
    cure = _slip([named], found) or "name one of them"
    raise InputError(f"no column {named!r} for the {role}", where=where, received=_listed(found), cure=cure)


def _usual(role: str, found: Iterable[str]) -> list[str]:
    rank = {name: place for place, name in enumerate(_USUAL_NAMES[role])}
    hits = [name for name in found if name.strip().casefold() in rank]
    return sorted(hits, key=lambda name: rank[name.strip().casefold()])


def _field_columns(
    named: str | Sequence[str] | None, found: Sequence[str], where: str
) -> tuple[str | None, dict[str, str]]:
    if isinstance(named, str):
        return (_named("fields", named, found, where), {}) if named else (None, {})
    if named is not None:
        return None, {name: _named("fields", name, found, where) for name in named}
    objects = _usual("fields", found)
    return (objects[0] if objects else None), _prefixed(found)


def _prefixed(found: Sequence[str]) -> dict[str, str]:
    """Fact name to column name, of columns such as fields.income."""
    return {
        name.removeprefix(prefix): name
        for name in found
        for prefix in _FIELD_PREFIXES
        if name.startswith(prefix) and name != prefix
    }


def _slip(wanted: Iterable[str], found: Sequence[str]) -> str:
    """The found column that is nearly a wanted name, such as 'lable'."""
    close = next((close for name in wanted if (close := get_close_matches(name, found, n=1, cutoff=0.75))), None)
    return f"did you mean {close[0]!r}?" if close else ""


def _listed(names: Sequence[str], most: int = 20) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return "columns " + ", ".join(repr(name[:40]) for name in names[:most]) + rest if names else "no columns"
