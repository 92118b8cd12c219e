"""Mined rules and weak segments as draft rule sets, with the figures that speak for each as comments."""

from fengkong.mining.clauses import Words, in_words
from fengkong.mining.drafts import DraftRule, draft
from fengkong.mining.rule_mining import Hits, MinedRules
from fengkong.mining.segments import Performance, WeakSegments

__all__ = ["draft_rules", "draft_segments", "hits_in_words", "performance_in_words"]


def draft_rules(mined: MinedRules, name: str = "mined-rules") -> str:
    """The YAML of a rule set that asks for review where a mined rule hits. Raises InputError where none was found."""
    rules = [
        DraftRule(
            f"mined-{number}",
            rule.condition,
            in_words(rule.condition, mined.cases.by_name),
            [
                f"found: {hits_in_words(rule.found)}",
                f"held out: {hits_in_words(rule.held_out)}; by chance {rule.chance:.1g}",
            ],
        )
        for number, rule in enumerate(mined.rules, start=1)
    ]
    head = [f"A draft mined from {len(mined.cases):,} past cases; {mined.tried} candidates were checked on others."]
    return draft(name, rules, mined.cases.by_name, head=head)


def draft_segments(weak: WeakSegments, name: str = "weak-segments") -> str:
    """The YAML of a rule set that asks for review where the model is weak. Raises InputError where it is nowhere."""
    rules = [
        DraftRule(
            f"weak-{number}",
            segment.condition,
            _doubtful(in_words(segment.condition, weak.cases.by_name)),
            [
                f"the model's probability {_WEAKNESS[segment.weakness]}; by chance {segment.chance:.1g}",
                f"found: {performance_in_words(segment.found)}",
                f"held out: {performance_in_words(segment.held_out)}",
            ],
        )
        for number, segment in enumerate(weak.segments, start=1)
    ]
    head = [
        f"A draft of where a model is weak, from {len(weak.cases):,} past cases, confirmed on others.",
        f"The model on all of those: {performance_in_words(weak.overall)}.",
    ]
    return draft(name, rules, weak.cases.by_name, head=head)


_WEAKNESS = {"too low": "is too low", "too high": "is too high", "tells little": "tells less than elsewhere"}


def _doubtful(words: Words) -> Words:
    return {
        "en": f"The model is less reliable on such cases: {words['en']}",
        "zh": f"模型对此类情况的判断不够可靠：{words['zh']}",
    }


def hits_in_words(hits: Hits) -> str:
    """Support, precision, lift and money on one line."""
    money = ""
    if hits.bad_money is not None:
        money = f", money {hits.bad_money:,.0f} bad, {hits.good_money:,.0f} good"
    return f"{hits.cases:,} cases ({hits.support:.1%}), {hits.precision:.1%} bad, lift {hits.lift:.2f}{money}"


def performance_in_words(performance: Performance) -> str:
    """What came true beside what was foretold, and the skill, on one line."""
    truth = f"{performance.bad:.1%} bad, {performance.foretold:.1%} foretold"
    return f"{performance.cases:,} cases, {truth}, skill {performance.skill:.2f}"
