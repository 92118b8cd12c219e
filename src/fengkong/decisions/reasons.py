"""Why: the reasons that rules gave, and the reasons of doubt, which send a case to a person.

A doubt is an unknown input, a text in which nothing stands to be read, a model that failed or abstained, one that did
not read the text to its end or had none of its fields, a source of facts that failed, or a rule that could not run,
wherever a rule looked at it. It makes the outcome at least review.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from fengkong.decisions.values import TEXT, is_derived, signal_prefix
from fengkong.domain.decisions import Outcome, Reason, RuleState, RuleTrace, Trace
from fengkong.domain.signals import Fact, Signal
from fengkong.rules.ruleset import RuleSet

__all__ = ["DOUBTS", "MOST_REASONS", "default_reason", "doubts", "principal_reasons", "rule_reasons"]

MOST_REASONS = 4
"""The most reasons that a decision reports: more than four are not helpful to the person they are told to
(12 CFR 1002.9, official comment 9(b)(2)-1). The trace holds them all."""

DOUBTS: Mapping[str, Mapping[str, str]] = {
    "D-UNKNOWN": {"en": "Information that the rules need is missing.", "zh": "缺少规则所需的信息。"},
    "D-RULE-ERROR": {"en": "A rule could not be evaluated.", "zh": "有规则未能执行。"},
    "D-EMPTY": {"en": "The text holds no words to read.", "zh": "文本为空，或没有可读的文字。"},
    "D-MODEL-FAILED": {"en": "A model that the rules rely on failed.", "zh": "规则所依据的模型运行失败。"},
    "D-ABSTAINED": {
        "en": "A model that the rules rely on was not sure enough.",
        "zh": "规则所依据的模型把握不足。",
    },
    "D-UNREAD": {"en": "The text is too long: its end was not read.", "zh": "文本过长，模型未能读完。"},
    "D-NO-FIELDS": {
        "en": "None of the fields that a model reads is known.",
        "zh": "模型所需的字段全部缺失或无法识别。",
    },
    "D-SOURCE-FAILED": {
        "en": "A source of facts that the rules rely on failed.",
        "zh": "规则所依据的数据来源查询失败。",
    },
    "D-DEFAULT": {"en": "No rule allows this case.", "zh": "没有任何规则准予通过。"},
}
"""The texts of the reasons that no rule gives, by code."""


def rule_reasons(trace: Trace, rules: RuleSet) -> list[tuple[Outcome, Reason]]:
    """The reason of each rule that was hit and asks for an outcome: by priority, then in the author's order."""
    given = [
        (rule.outcome, Reason(rule.reason, rules.reasons.get(rule.reason, {}), rule.rule), written.priority)
        for rule, written in zip(trace.rules, rules.rules, strict=True)
        if rule.state is RuleState.HIT and rule.outcome is not None
    ]
    return [(outcome, reason) for outcome, reason, _ in sorted(given, key=lambda asked: -asked[2])]


def doubts(
    trace: Trace, signals: Sequence[Signal], facts: Sequence[Fact], *, empty: bool
) -> list[tuple[Outcome, Reason]]:
    """The reasons of doubt and the outcomes they ask for: of rules in the author's order, the text, the models used,
    the sources used.

    signals: of the models that a rule needed.
    empty: the rules rely on a text that holds no word, so that what a model says of it means nothing.
    """
    silent = tuple(signal_prefix(sig.name) for sig in signals if sig.failed or sig.abstained)
    lost = {fact.name for fact in facts if fact.cause}

    def explained(name: str) -> bool:
        return name in lost or name.startswith(silent)

    found = [doubt for rule in trace.rules if (doubt := _rule_doubt(rule, explained))]
    if empty:
        found.append((Outcome.REVIEW, _reason("D-EMPTY", TEXT)))
    for sig in signals:
        said = {
            "D-MODEL-FAILED": sig.failed,
            "D-ABSTAINED": sig.abstained,
            "D-UNREAD": sig.unread > 0,
            "D-NO-FIELDS": sig.fieldless,
        }
        source = signal_prefix(sig.name).removesuffix(".")
        found += [(Outcome.REVIEW, _reason(code, source)) for code, holds in said.items() if holds]
    looked_at = {name for rule in trace.rules if rule.state is not RuleState.SNOOZED for name in rule.values}
    found += [(Outcome.REVIEW, _reason("D-SOURCE-FAILED", name)) for name in sorted(lost & looked_at)]
    return found


def default_reason(policy: str) -> Reason:
    """The reason of an adverse outcome that no rule asked for."""
    return _reason("D-DEFAULT", policy)


def principal_reasons(outcome: Outcome, given: Iterable[tuple[Outcome, Reason]]) -> tuple[Reason, ...]:
    """At most four reasons for the outcome, the most severe first, then as given; each code once.

    A review or a decline lists what speaks against an approval; an approval lists what speaks for it.
    """
    least = min(outcome, Outcome.REVIEW)
    ordered = sorted((pair for pair in given if pair[0] >= least), key=lambda pair: -pair[0])
    by_code: dict[str, Reason] = {}
    for _, reason in ordered:
        by_code.setdefault(reason.code, reason)
    return tuple(by_code.values())[:MOST_REASONS]


def _rule_doubt(rule: RuleTrace, explained: Callable[[str], bool]) -> tuple[Outcome, Reason] | None:
    if rule.state is RuleState.ERROR:
        return Outcome.REVIEW, _reason("D-RULE-ERROR", rule.rule)
    # An author may say that a rule has nothing to say while an input is unknown; it then asks for no outcome.
    if rule.state is not RuleState.UNKNOWN or rule.outcome is None:
        return None
    missing = [name for name, value in rule.values.items() if value is None and not is_derived(name)]
    if rule.outcome <= Outcome.REVIEW and missing and all(map(explained, missing)):
        return None  # the reason of the model or source that failed says it better
    return max(rule.outcome, Outcome.REVIEW), _reason("D-UNKNOWN", rule.rule)


def _reason(code: str, source: str) -> Reason:
    return Reason(code, DOUBTS[code], source)
