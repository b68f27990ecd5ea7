"""Whether somebody could sit in an exam session: what he refuses, takes, and needs of time."""

from datetime import timedelta

from scheduling.models import ExamSession, Registration
from scheduling.models.sitting import TURNOVER


def can_sit(registration: Registration, session: ExamSession, centre: int) -> bool:
    """Not a session he refuses, nor a paper he does not take, nor one his extra time runs over.

    The same as a plan asks (`allocation.refusals`) and a hold (`actions.holds`), for one person.
    """
    if registration.refused_sessions.filter(exam_session=session).exists():
        return False
    papers = set(registration.taken_papers.values_list("paper_id", flat=True))
    if papers and session.paper_id not in papers:
        return False
    if not registration.extra_minutes:
        return True
    needed = session.ends_at + timedelta(minutes=registration.extra_minutes + TURNOVER)
    after = ExamSession.objects.filter(
        sitting=session.sitting_id, seat_pools__centre=centre, starts_at__gte=session.ends_at
    )
    return not after.filter(starts_at__lt=needed).exists()
