"""What plans of several papers and plans by hand refuse; each says what next."""

from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError


class RuleOfOnePaper(DomainError):
    code = "rule_of_one_paper"
    sentence = _(
        "This sitting has several papers. “%(rule)s” is a rule for sittings of one paper; "
        "choose least total hardship."
    )


class NoPlanFound(DomainError):
    code = "no_plan_found"
    sentence = _(
        "There are places for everybody, but so few to spare that no plan by this rule was found. "
        "Open a few more places, or choose another rule. Nothing was changed."
    )


class CompanyTakesOtherPapers(DomainError):
    code = "company_takes_other_papers"
    sentence = _(
        "Registrations %(numbers)s ask to sit together, but do not take the same papers. "
        "Remove the request or make their papers the same. Nothing was changed."
    )


class PlanNotSound(DomainError):
    """An edited plan seats somebody where he cannot sit; `faults` are (row, sentence)."""

    code = "plan_not_sound"
    sentence = _("The plan has %(many)d rows that must be mended first. Nothing was kept.")

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        """Keep every fault by its row."""
        self.faults = faults
        super().__init__(many=len(faults))
