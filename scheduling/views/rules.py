"""What each rule of allocation favours, and how it can be gamed: said before it is chosen."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scheduling.models import Rule


@dataclass(frozen=True)
class RuleInWords:
    """One rule as a page offers it."""

    rule: Rule
    favours: Promise
    gamed: Promise


_RULES = (
    RuleInWords(
        Rule.LEAST_TOTAL,
        _(
            "Favours everybody together: the sum of all ways and disappointments is as small as "
            "it can be. A few may go far so that many stay near."
        ),
        _(
            "Gamed by listing first a place one does not want most, because the wanted one is "
            "full anyway. A home address that is checked leaves little to gain."
        ),
    ),
    RuleInWords(
        Rule.LONGEST_FIRST,
        _(
            "Favours those who live far from every centre: nobody goes farther than the one who "
            "must go farthest. All together travel a little more."
        ),
        _(
            "Gamed like the least total, and by giving an address farther out than the true one. "
            "Check addresses at the edge."
        ),
    ),
    RuleInWords(
        Rule.IN_TURN,
        _(
            "Favours nobody but the lot: people choose one after another in an order drawn by "
            "lot, each the easiest place that leaves everybody else one. Those who draw late go "
            "far; all together travel much more."
        ),
        _(
            "Nobody gains by a list of wishes that is not his own. Whoever says he cannot come to "
            "a session, though he could, may have the others kept for him: ask for a reason."
        ),
    ),
)


_BY_HAND = RuleInWords(
    Rule.BY_HAND,
    _("Favours whom the person favours who edited it: compare its cost with the least possible."),
    _("Gamed by whoever edits it. That is why another person accepts it, and both are named."),
)


def rules() -> tuple[RuleInWords, ...]:
    """Every rule, the usual one first."""
    return _RULES


def rule_of(name: str) -> RuleInWords:
    """The words for the rule that is kept with a run."""
    return next(words for words in (*_RULES, _BY_HAND) if words.rule == name)
