"""The frozen words that all rooms share, and the errors. Standard library only; imports no other room."""

from fengkong.domain.canonical import Plain, canonical_json, digest, plain
from fengkong.domain.decisions import ClauseTrace, Decision, Outcome, Reason, RuleState, RuleTrace, Trace
from fengkong.domain.documents import Document, Example, FieldValue, Place
from fengkong.domain.errors import (
    BaseModelError,
    BundleError,
    FacilityError,
    FengkongError,
    InputError,
    RuleError,
    SettingsError,
    likely_slip,
)
from fengkong.domain.findings import Finding, Severity
from fengkong.domain.signals import Fact, Signal
from fengkong.domain.spans import Span

__all__ = [
    "BaseModelError",
    "BundleError",
    "ClauseTrace",
    "Decision",
    "Document",
    "Example",
    "FacilityError",
    "Fact",
    "FengkongError",
    "FieldValue",
    "Finding",
    "InputError",
    "Outcome",
    "Place",
    "Plain",
    "Reason",
    "RuleError",
    "RuleState",
    "RuleTrace",
    "SettingsError",
    "Severity",
    "Signal",
    "Span",
    "Trace",
    "canonical_json",
    "digest",
    "likely_slip",
    "plain",
]
