"""Facts as numbers: what is learnt, what is left out and said, and what a value becomes."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fengkong.domain.findings import Finding
from fengkong.scoring.fields import CategoryField, FieldEncoder, FieldSpec, NumberField
from fengkong.scoring.fitting import fit_fields


def applications(n: int = 400) -> list[dict]:
    rng = np.random.default_rng(42)
    return [
        {
            "amount": f"${rng.integers(1, 400) * 100:,}",
            "utilisation": f"{rng.uniform(0, 100):.2f}%",
            "term": ["36 months", "60 months"][rng.integers(2)],
            "home": ["RENT", "own", "Mortgage"][rng.integers(3)],
            "verified": bool(rng.integers(2)),
            "late": int(rng.poisson(0.2)) if at % 10 else None,
            "id": 1000 + at,
            "card": 6_200_000_000_000_000 + int(rng.integers(10**12)),
            "name": f"applicant {at}",
            "country": "US",
            "applied": date(2024, 1, 1 + at % 28),
            "note": None,
        }
        for at in range(n)
    ]


def test_learns_numbers_and_categories_and_reports_the_rest() -> None:
    findings: list[Finding] = []
    specs = {spec.name: spec for spec in fit_fields(applications(), bins=8, report=findings.append)}
    assert list(specs) == ["amount", "home", "late", "term", "utilisation", "verified"]
    assert len(specs["amount"].edges) == len(specs["utilisation"].edges) == 9
    assert specs["term"].edges == (36, 60)
    assert set(specs["home"].values) == {"rent", "own", "mortgage"}
    assert set(specs["verified"].values) == {"true", "false"}
    assert specs["late"].edges[:2] == (0, 1)
    said = {finding.place.name: finding.message for finding in findings}
    assert said.keys() == {"id", "card", "name", "country", "applied", "note"}
    assert "all different" in said["id"]
    assert "all different" in said["card"]
    assert "rare" in said["name"]
    assert "always the same" in said["country"]
    assert "date" in said["applied"]
    assert "never given" in said["note"]
    assert "applicant" not in " ".join(said.values())


def test_the_order_of_rows_and_keys_does_not_matter() -> None:
    rows = applications()
    turned = [dict(reversed(row.items())) for row in reversed(rows)]
    assert fit_fields(rows) == fit_fields(turned)


def test_rare_categories_count_as_other() -> None:
    rows = [{"state": "CA"}] * 120 + [{"state": "NY"}] * 79 + [{"state": "WY"}]
    (spec,) = fit_fields(rows)
    assert spec == CategoryField(name="state", values=("ca", "ny"))


def test_whether_a_constant_is_given_may_still_matter() -> None:
    (spec,) = fit_fields([{"bonus": 100}, {}] * 20)
    assert spec == NumberField(name="bonus", edges=(100,))
    assert FieldEncoder([spec]).encode([{"bonus": 5}, {}]).tolist() == [[0], [1]]


def test_no_rows_no_fields() -> None:
    assert fit_fields([]) == fit_fields([{}, {}]) == ()
    assert FieldEncoder([]).encode([{}, {"a": 1}]).shape == (2, 0)


def test_numbers_fill_their_bins_from_below() -> None:
    encoder = FieldEncoder([NumberField(name="x", edges=(0, 10, 30))])
    values = [-5, 0, 5, 10, 20, 30, 1e300, None, "words", float("nan"), float("inf")]
    np.testing.assert_allclose(
        encoder.encode([{"x": value} for value in values]),
        [[0, 0, 0], [0, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 0.5, 0], [1, 1, 0], [1, 1, 0]] + [[0, 0, 1]] * 4,
    )


def test_categories_are_one_hot_with_other_and_missing() -> None:
    encoder = FieldEncoder([CategoryField(name="x", values=("rent", "租房"))])
    values = [" RENT ", "ｒｅｎｔ", "租房", "own", "", None, "N/A", float("nan")]
    found = encoder.encode([{"x": value} for value in values]).argmax(axis=1)
    assert found.tolist() == [0, 0, 1, 2, 3, 3, 3, 3]


def test_extra_fields_are_ignored_and_missing_ones_flagged() -> None:
    encoder = FieldEncoder([NumberField(name="a", edges=(0, 1)), CategoryField(name="b", values=("x",))])
    assert encoder.width == 5
    assert encoder.encode([{"a": 1, "b": "x", "c": "?"}, {}]).tolist() == [[1, 0, 1, 0, 0], [0, 1, 0, 0, 1]]
    assert encoder.encode([]).shape == (0, 5)


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.dates(), st.decimals())
rows = st.lists(st.dictionaries(st.sampled_from("abc"), values), max_size=12)


@given(rows, rows)
@settings(deadline=None, max_examples=150)
def test_whatever_comes_is_encoded_within_its_width(training: list[dict], live: list[dict]) -> None:
    specs = fit_fields(training)
    encoder = FieldEncoder(specs)
    table = encoder.encode(live)
    assert table.shape == (len(live), encoder.width)
    assert table.dtype == np.float32
    assert ((table >= 0) & (table <= 1)).all()
    for at, row in enumerate(live):
        np.testing.assert_array_equal(encoder.encode([row])[0], table[at])


@given(rows)
@settings(deadline=None, max_examples=50)
def test_specs_survive_the_manifest(training: list[dict]) -> None:
    adapter = TypeAdapter(tuple[FieldSpec, ...])
    specs = fit_fields(training)
    assert adapter.validate_json(adapter.dump_json(specs)) == specs


@pytest.mark.parametrize("edges", [(), (1, 1), (2, 1), (0, float("nan")), (0, float("inf"))])
def test_edges_that_make_no_sense_are_refused(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="edges"):
        NumberField(name="x", edges=edges)
