"""Findings in SARIF 2.1.0 (OASIS), the format in which code hosts and editors take the results of checks."""

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import fengkong
from fengkong.domain.documents import Place
from fengkong.domain.errors import FacilityError
from fengkong.domain.findings import Finding, Severity

__all__ = ["sarif", "write_sarif"]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(findings: Sequence[Finding]) -> dict[str, object]:
    """The log of one run: a result a finding, with its level, its sentence and cure, and its place."""
    codes = sorted({finding.code for finding in findings})
    driver = {"name": "fengkong", "version": fengkong.__version__, "rules": [{"id": code} for code in codes]}
    results = [_result(finding, codes.index(finding.code)) for finding in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def write_sarif(file: Path, findings: Sequence[Finding]) -> None:
    """Writes the log. Raises FacilityError where the file can't be written."""
    try:
        file.write_text(json.dumps(sarif(findings), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        cause = error.strerror or str(error)
        raise FacilityError(
            "the file can't be written", where=str(file), received=cause, cure="check its folder"
        ) from error


def _result(finding: Finding, index: int) -> dict[str, object]:
    text = f"{finding.message}; {finding.cure}" if finding.cure else finding.message
    result: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": text},
    }
    location = _location(finding.place)
    return result | {"locations": [location]} if location else result


def _location(place: Place) -> dict[str, object]:
    location: dict[str, object] = {}
    if place.file:
        physical: dict[str, object] = {"artifactLocation": {"uri": _uri(place.file)}}
        if place.line:
            physical["region"] = {"startLine": place.line}
        location["physicalLocation"] = physical
    if place.name:
        location["logicalLocations"] = [{"name": place.name}]
    return location


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/")
