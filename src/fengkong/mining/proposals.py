"""Mined rules as a draft rule set, with the figures that speak for each as comments."""

from fengkong.mining.clauses import in_words
from fengkong.mining.drafts import DraftRule, draft
from fengkong.mining.rule_mining import Hits, MinedRules

__all__ = ["draft_rules", "hits_in_words"]


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


def hits_in_words(hits: Hits) -> str:
    """Support, precision, lift and money on one line."""
    money = ""
    if hits.bad_money is not None:
        money = f", money {hits.bad_money:,.0f} bad, {hits.good_money:,.0f} good"
    return f"{hits.cases:,} cases ({hits.support:.1%}), {hits.precision:.1%} bad, lift {hits.lift:.2f}{money}"
