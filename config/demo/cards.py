"""Admission cards for everybody."""

from config.demo.before import Told
from config.demo.stage import Stage
from scheduling.actions.admission import issue_admission_cards
from scheduling.models import AdmissionCard


def issue_cards(stage: Stage) -> Told:
    """A card with a signed code for everybody who has a seat."""
    sitting = stage.sitting
    with stage.teller.bar("admission cards") as report:
        issue_admission_cards(sitting=sitting, by=stage.user("staff"), at=stage.day(-6))
        issued = AdmissionCard.objects.filter(
            registration__sitting=sitting, withdrawn_at__isnull=True
        ).count()
        report(issued, issued)
    return f"{issued:,} cards", {"cards": issued}
