"""Questions about people and what they asked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from centres.common.thai import fold
from centres.models import Centre
from scheduling.models import ExamSession, Institution, Registration, RegistrationState, Sitting


@dataclass(frozen=True)
class ImportCatalogue:
    """What the rows of an import may name, and who is registered already."""

    is_rehearsal: bool
    first_day: date
    centres: dict[str, str]  # code or name, in small letters -> code
    institutions: dict[str, str]
    sessions: frozenset[int]
    registered: frozenset[bytes]  # identity hashes
    papers: frozenset[str] = frozenset()  # codes of the sitting's papers


def import_catalogue(sitting: Sitting) -> ImportCatalogue:
    """Everything an import of this sitting is checked against, read once."""
    sessions = list(ExamSession.objects.filter(sitting=sitting).select_related("paper"))
    accepted = Registration.objects.filter(sitting=sitting, state=RegistrationState.ACCEPTED)
    hashes = accepted.values_list("candidate__identity_hash", flat=True)
    first = min((session.starts_at for session in sessions), default=sitting.closes_at)
    return ImportCatalogue(
        is_rehearsal=sitting.is_rehearsal,
        first_day=first.date(),
        centres=_by_name(Centre.objects.values_list("code", "name_th", "name_en")),
        institutions=_by_name(Institution.objects.values_list("code", "name_th", "name_en")),
        sessions=frozenset(session.number for session in sessions),
        registered=frozenset(map(bytes, hashes)),
        papers=frozenset(session.paper.code for session in sessions),
    )


def _by_name(rows: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Every way to name a place. A centre is also named by its city alone, as people do."""
    found: dict[str, str] = {}
    for code, name_th, name_en in rows:
        short = name_th.removeprefix("ศูนย์สอบ"), name_en.removesuffix("Centre")
        for name in (code, name_th, name_en, *short):
            found[fold(name).casefold()] = code
    found.pop("", None)
    return found
