"""What codes of an analysis mean, in sentences a reader without a textbook can follow."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

FINDINGS: Final[dict[str, str | Promise]] = {
    "no_persons": _("Nobody's answers are in the file."),
    "one_person": _("There is one person: nothing can be compared."),
    "no_items": _("No item counts towards the score."),
    "one_item": _("One item counts: reliability needs at least two."),
    "no_variance": _("Everyone earned the same on this item: it tells nobody apart."),
    "no_total_variance": _("Everyone has the same score: nothing can be told from it."),
    "all_omitted": _("Nobody answered this item."),
    "never_administered": _("Nobody was given this item."),
    "person_without_items": _("People who were given no item; they are in no figure."),
    "incomplete_by_design": _("Not everyone was given every item; figures are of those who were."),
    "never_together": _("Pairs of items that nobody was given both: no reliability of the whole."),
    "not_dichotomous": _("An item has more than right and wrong; this model does not fit it."),
    "not_converged": _("The model did not come to rest; do not use its figures."),
    "extreme_slope": _("The slope of this item has no limit in these answers."),
    "singular_information": _("The answers do not settle the model's parameters."),
    "not_identified": _("The answers do not settle this parameter."),
    "group_too_small": _("A group is too small to be compared."),
    "no_common_strata": _("No score at which both groups can be compared."),
    "purification_cycled": _(
        "Setting aside unfair items went in a circle; the last round is given."
    ),
    "too_few_scores": _("Too few different scores for this test."),
    "separated": _("One group has all the right answers at a score: no finite effect."),
    "empty_category": _("A mark nobody earned; it is joined with its neighbour."),
    "no_anchors": _("No item is left to hold both groups together."),
    "no_correlation": _("A correlation does not exist."),
    "no_degrees_of_freedom": _("Too few items for this test."),
    "no_finite_ability": _(
        "People all right or all wrong: this method has no ability for them, others do."
    ),
    "oddness_unknown": _(
        "People all right, all wrong or not given every item: how odd their answers are"
        " cannot be told in full."
    ),
}

SEVERITIES: Final[dict[str, str | Promise]] = {
    "alarm": _("Alarm"),
    "act": _("Act"),
    "review": _("Look"),
}


def finding_words(code: str) -> str:
    """The sentence of a finding; its code where there is none yet."""
    return str(FINDINGS.get(code, code))


# Where a fault of a file stands, by whether its row and its column are known.
PLACES: Final[dict[tuple[bool, bool], str | Promise]] = {
    (False, False): _("%(name)s: %(what)s"),
    (True, False): _("%(name)s, row %(row)s: %(what)s"),
    (False, True): _("%(name)s, column %(column)s: %(what)s"),
    (True, True): _("%(name)s, row %(row)s, column %(column)s: %(what)s"),
}


def fault_words(
    name: str, row: int | None, column: str, sentence: str, facts: Mapping[str, Any]
) -> str:
    """A fault of a plain file in the reader's language, with its row and column."""
    what = gettext(sentence) % facts
    place = {"name": name, "row": row, "column": column, "what": what}
    return str(PLACES[bool(row), bool(column)]) % place
