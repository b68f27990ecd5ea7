"""Registrations: imported all or nothing, wished for, withdrawn."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, Min

from centres.common.audit import record
from centres.common.bulk import insert_rows, reserve_ids
from centres.common.identity import lookup_hash, mask, registration_number, seal
from centres.common.thai import sort_key
from centres.models import Centre, User
from scheduling.actions.entry_requests import make_requests
from scheduling.actions.fees import drop_fee
from scheduling.actions.places import end_bookings, lock_pools
from scheduling.actions.waiting import offer_after_commit
from scheduling.errors import (
    AlreadyRegistered,
    AlreadyWithdrawn,
    DoorsWereOpened,
    WishesClosed,
    WishesWrong,
)
from scheduling.letters import tell
from scheduling.models import (
    AccessClass,
    BookingState,
    Candidate,
    ExamLanguage,
    ExamSession,
    FormerName,
    IdentityKind,
    Institution,
    Need,
    NeedKind,
    Registration,
    RegistrationState,
    Sitting,
    WaitState,
    Wish,
)
from scheduling.models.booking import LIVE
from scheduling.models.waiting import WAITS
from scheduling.queries.pools import pools_of

MOST_WISHES = 5
FIRST_SERIAL = 100_000_000  # so that no spreadsheet drops a leading zero

# The kind of place that meets a need; whoever has several needs gets the first of them.
_PLACES_FOR = (
    (NeedKind.SEPARATE_ROOM, AccessClass.SEPARATE),
    (NeedKind.WHEELCHAIR, AccessClass.WHEELCHAIR),
    (NeedKind.SIGN_LANGUAGE, AccessClass.SIGN_LANGUAGE),
    (NeedKind.MAGNIFIER, AccessClass.MAGNIFIER),
    (NeedKind.STEP_FREE, AccessClass.STEP_FREE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of an import, checked: a person and what they ask for of one sitting.

    `identity` is as `national_number`, `rehearsal_number` or `passport_number` return it; `wishes`
    are centre codes with the number of an exam session, or None for any; places are codes.
    """

    identity_kind: IdentityKind
    identity: str
    prefix: str
    given_name_th: str
    family_name_th: str
    given_name_en: str = ""
    family_name_en: str = ""
    former_family_name_th: str = ""
    sex: str = ""
    birth_date: date | None = None
    email: str = ""
    phone: str = ""
    institution: str = ""
    home_province: str
    home_latitude: float
    home_longitude: float
    wishes: tuple[tuple[str, int | None], ...] = ()
    needs: tuple[NeedKind, ...] = ()
    extra_minutes: int = 0
    refused_sessions: tuple[int, ...] = ()
    language: ExamLanguage = ExamLanguage.THAI
    papers: tuple[str, ...] = ()  # codes; none: all of the sitting
    beside: tuple[str, ...] = ()  # identities, as `identity`
    apart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReceipt:
    """What one import wrote. `digest` is the SHA-256 of the file it came from."""

    digest: str
    registrations: int
    new_candidates: int
    known_candidates: int
    wishes: int
    needs: int


def access_class_of(needs: Iterable[NeedKind]) -> AccessClass:
    """The kind of place that the needs ask for; separate rooms are all reached without a step."""
    asked = set(needs)
    return next((access for need, access in _PLACES_FOR if need in asked), AccessClass.STANDARD)


# --- import ------------------------------------------------------------------------------------


def import_candidates(
    *, rows: Sequence[Entry], sitting: Sitting, by: User | None, at: datetime, digest: str = ""
) -> ImportReceipt:
    """Register every row for the sitting, or nobody.

    People known by their identity number from an earlier sitting keep their row; a changed name
    is brought up to date and the old one kept. Raises AlreadyRegistered.
    """
    with transaction.atomic():
        hashes = [lookup_hash(row.identity) for row in rows]
        _refuse_twice(rows, hashes, sitting)
        known = _known_candidates(hashes)
        renamed = _rename_known(rows, hashes, known, at)
        people = {hashed: person.pk for hashed, person in known.items()}
        people |= _make_candidates(rows, hashes, known, at)
        registrations = _make_registrations(rows, [people[h] for h in hashes], sitting, at)
        wishes = _make_wishes(rows, registrations, sitting)
        needs = _make_needs(rows, registrations)
        make_requests(rows, registrations, sitting)
        receipt = ImportReceipt(
            digest, len(rows), len(people) - len(known), len(known), wishes, needs
        )
        facts = asdict(receipt) | {"renamed": renamed}
        record("import_candidates", target=sitting, by=by, at=at, **facts)
    return receipt


def _refuse_twice(rows: Sequence[Entry], hashes: Sequence[bytes], sitting: Sitting) -> None:
    """Nobody who is registered already or stands twice among the rows."""
    accepted = Registration.objects.filter(sitting=sitting, state=RegistrationState.ACCEPTED)
    seen = {bytes(known) for known in accepted.values_list("candidate__identity_hash", flat=True)}
    for row, hashed in zip(rows, hashes, strict=True):
        if hashed in seen:
            raise AlreadyRegistered(number=mask(row.identity))
        seen.add(hashed)


def _known_candidates(hashes: Sequence[bytes]) -> dict[bytes, Candidate]:
    """Candidates that the database has already, by identity hash."""
    if not Candidate.objects.exists():
        return {}
    found: dict[bytes, Candidate] = {}
    for start in range(0, len(hashes), 900):  # within the variables that SQLite allows
        part = hashes[start : start + 900]
        found |= {
            bytes(person.identity_hash): person
            for person in Candidate.objects.filter(identity_hash__in=part)
        }
    return found


def _rename_known(
    rows: Sequence[Entry], hashes: Sequence[bytes], known: dict[bytes, Candidate], at: datetime
) -> int:
    """Bring changed names up to date and keep the old ones; how many there were."""
    renamed = 0
    for row, hashed in zip(rows, hashes, strict=True) if known else ():
        person = known.get(hashed)
        if person is None or _names(person) == _names(row):
            continue
        prefix, given, family = _names(person)
        FormerName.objects.create(
            candidate=person, prefix=prefix, given_name_th=given, family_name_th=family,
            changed_at=at,
        )  # fmt: skip
        person.prefix, person.given_name_th, person.family_name_th = _names(row)
        person.sort_key = _sort_key(row)
        person.save(update_fields=["prefix", "given_name_th", "family_name_th", "sort_key"])
        renamed += 1
    return renamed


def _names(of: Entry | Candidate) -> tuple[str, str, str]:
    return of.prefix, of.given_name_th, of.family_name_th


def _sort_key(row: Entry) -> str:
    thai = f"{row.given_name_th} {row.family_name_th}".strip()
    return sort_key(thai or f"{row.given_name_en} {row.family_name_en}".strip())[:250]


_CANDIDATE = (
    "id", "identity_kind", "identity_sealed", "identity_hash", "identity_masked", "prefix",
    "given_name_th", "family_name_th", "given_name_en", "family_name_en", "sort_key", "sex",
    "birth_date", "email", "phone",
)  # fmt: skip


def _make_candidates(
    rows: Sequence[Entry], hashes: Sequence[bytes], known: Collection[bytes], at: datetime
) -> dict[bytes, int]:
    """Rows for people the database does not know; their keys, by identity hash."""
    fresh = [pair for pair in zip(rows, hashes, strict=True) if pair[1] not in known]
    ids = reserve_ids(Candidate, len(fresh))
    insert_rows(
        Candidate,
        _CANDIDATE,
        (
            (
                key, row.identity_kind.value, seal(row.identity), hashed, mask(row.identity),
                row.prefix, row.given_name_th, row.family_name_th, row.given_name_en,
                row.family_name_en, _sort_key(row), row.sex, row.birth_date, row.email, row.phone,
            )
            for key, (row, hashed) in zip(ids, fresh, strict=True)
        ),
    )  # fmt: skip
    insert_rows(
        FormerName,
        ("candidate", "prefix", "given_name_th", "family_name_th", "changed_at"),
        (
            (key, row.prefix, row.given_name_th, row.former_family_name_th, at)
            for key, (row, _hashed) in zip(ids, fresh, strict=True)
            if row.former_family_name_th
        ),
    )
    return {hashed: key for key, (_row, hashed) in zip(ids, fresh, strict=True)}


_REGISTRATION = (
    "id", "candidate", "sitting", "number", "state", "institution", "home_province",
    "home_latitude", "home_longitude", "access_class", "extra_minutes", "language",
    "registered_at", "wished_at",
)  # fmt: skip


def _make_registrations(
    rows: Sequence[Entry], candidates: Sequence[int], sitting: Sitting, at: datetime
) -> list[int]:
    """One registration for each row, numbered on from the highest there is; their keys."""
    serial = _next_serial()
    institutions: dict[str, int | None] = {"": None}
    institutions |= dict(Institution.objects.values_list("code", "pk"))
    ids = reserve_ids(Registration, len(rows))
    insert_rows(
        Registration,
        _REGISTRATION,
        (
            (
                key, candidate, sitting.pk, registration_number(serial + order),
                RegistrationState.ACCEPTED.value, institutions[row.institution],
                row.home_province, row.home_latitude, row.home_longitude,
                access_class_of(row.needs).value, row.extra_minutes,
                row.language.value, at, at if row.wishes else None,
            )
            for order, (key, candidate, row) in enumerate(zip(ids, candidates, rows, strict=True))
        ),
    )  # fmt: skip
    return ids


def _next_serial() -> int:
    highest = Registration.objects.aggregate(highest=Max("number"))["highest"]
    return int(highest[:-1]) + 1 if highest else FIRST_SERIAL


def _make_wishes(rows: Sequence[Entry], registrations: Sequence[int], sitting: Sitting) -> int:
    centres = dict(Centre.objects.values_list("code", "pk"))
    sessions: dict[int | None, int | None] = {None: None}
    sessions |= dict(ExamSession.objects.filter(sitting=sitting).values_list("number", "pk"))
    wishes = [
        (registration, rank, centres[centre], sessions[session])
        for row, registration in zip(rows, registrations, strict=True)
        for rank, (centre, session) in enumerate(row.wishes, start=1)
    ]
    insert_rows(Wish, ("registration", "rank", "centre", "exam_session"), wishes)
    return len(wishes)


def _make_needs(rows: Sequence[Entry], registrations: Sequence[int]) -> int:
    needs = [
        (registration, kind.value)
        for row, registration in zip(rows, registrations, strict=True)
        for kind in row.needs
    ]
    insert_rows(Need, ("registration", "kind"), needs)
    return len(needs)


# --- one registration --------------------------------------------------------------------------


def submit_wishes(
    *,
    registration: Registration,
    wishes: Sequence[tuple[Centre, ExamSession | None]],
    by: User,
    at: datetime,
) -> None:
    """Replace the registration's ranked wishes; the last list sent while the window is open counts.

    Raises AlreadyWithdrawn, WishesClosed or WishesWrong, and leaves the earlier list as it was.
    """
    with transaction.atomic():
        registration = _locked(registration)
        sitting = registration.sitting
        if not sitting.is_open(at):
            raise WishesClosed(opens=sitting.opens_at, closes=sitting.closes_at)
        _check_wishes(sitting, wishes)
        registration.wishes.all().delete()
        Wish.objects.bulk_create(
            Wish(registration=registration, rank=rank, centre=centre, exam_session=session)
            for rank, (centre, session) in enumerate(wishes, start=1)
        )
        registration.wished_at = at
        registration.save(update_fields=["wished_at"])
        listed = [[centre.code, session and session.number] for centre, session in wishes]
        record("submit_wishes", target=registration, by=by, at=at, wishes=listed)


def _check_wishes(sitting: Sitting, wishes: Sequence[tuple[Centre, ExamSession | None]]) -> None:
    places = [(centre.pk, session and session.pk) for centre, session in wishes]
    of_sitting = all(session is None or session.sitting_id == sitting.pk for _, session in wishes)
    if not 1 <= len(places) <= MOST_WISHES or len(set(places)) < len(places) or not of_sitting:
        raise WishesWrong(most=MOST_WISHES)


def withdraw_registration(
    *, registration: Registration, by: User, at: datetime, reason: str = ""
) -> None:
    """Take the registration out of the sitting: its bookings end, its seats are free again.

    Its admission card is withdrawn with it. Raises AlreadyWithdrawn, DoorsWereOpened.
    """
    with transaction.atomic():
        registration = _locked(registration)
        live = registration.bookings.filter(state__in=LIVE)
        refuse_after_doors(registration, at)
        pools = pools_of(live)
        lock_pools(pools)
        end_bookings(live, BookingState.CANCELLED, at)
        registration.waiting_entries.filter(state__in=WAITS).update(
            state=WaitState.LEFT, ended_at=at
        )
        drop_fee(registration, at)
        registration.admission_cards.filter(withdrawn_at=None).update(withdrawn_at=at)
        registration.state = RegistrationState.WITHDRAWN
        registration.save(update_fields=["state"])
        tell(registration, "registration_withdrawn", key=str(registration.pk), at=at)
        record("withdraw_registration", target=registration, by=by, at=at, reason=reason)
        offer_after_commit(pools, at)


def refuse_after_doors(registration: Registration, at: datetime) -> None:
    """From then on the room's ledger says who came, and a result may hang on the booking."""
    booked = registration.bookings.filter(state=BookingState.CONFIRMED)
    first = booked.aggregate(at=Min("room_session__exam_session__doors_open_at"))["at"]
    if first is not None and first <= at:
        raise DoorsWereOpened(opened=first)


def _locked(registration: Registration) -> Registration:
    rows = Registration.objects.select_for_update(of=("self",)).select_related("sitting")
    registration = rows.get(pk=registration.pk)
    if registration.state == RegistrationState.WITHDRAWN:
        raise AlreadyWithdrawn
    return registration
