"""Registering oneself: sent by a person, decided by an officer, entered like an imported row."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from centres.actions import end_sessions
from centres.common.audit import record
from centres.common.identity import lookup_hash, mask, seal, unseal
from centres.common.outbox import Letter, write
from centres.common.provinces import BY_CODE
from centres.models import User
from scheduling.actions.registrations import Entry, import_candidates
from scheduling.letters import sitting_facts, tell
from scheduling.models import (
    Application,
    ApplicationState,
    Candidate,
    ExamLanguage,
    IdentityKind,
    Institution,
    Registration,
    RegistrationState,
    Sitting,
)
from scheduling.request_errors import (
    AccountHasCandidate,
    ApplicationDecided,
    ApplicationOpen,
    ApplicationsClosed,
    CandidateHasAccount,
    PersonKnown,
    ReasonMissing,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who somebody says they are, checked cell by cell as an import's rows are."""

    identity_kind: IdentityKind
    identity: str
    prefix: str
    given_name_th: str
    family_name_th: str
    given_name_en: str
    family_name_en: str
    birth_date: date
    institution: Institution | None
    home_province: str
    language: ExamLanguage = ExamLanguage.THAI


def send_application(*, user: User, sitting: Sitting, person: Person, at: datetime) -> Application:
    """Ask to be registered for a sitting; a returned application is sent again in its place.

    Whether the number is known is not looked at here. Raises ApplicationsClosed, ApplicationOpen.
    """
    if at >= sitting.closes_at:
        raise ApplicationsClosed(until=sitting.closes_at)
    fields = _fields(person) | {
        "state": ApplicationState.SENT, "reason": "", "sent_at": at, "decided_at": None,
        "decided_by": None,
    }  # fmt: skip
    try:
        with transaction.atomic():
            User.objects.select_for_update().get(pk=user.pk)
            own = Application.objects.filter(user=user, sitting=sitting)
            if own.filter(state__in=(ApplicationState.SENT, ApplicationState.ACCEPTED)).exists():
                raise ApplicationOpen
            returned = own.filter(state=ApplicationState.RETURNED).first()
            application = returned or Application(user=user, sitting=sitting)
            for name, value in fields.items():
                setattr(application, name, value)
            application.save()
            record("send_application", target=application, by=user, at=at, sitting=sitting.code)
            return application
    except IntegrityError as error:
        raise ApplicationOpen from error


def _fields(person: Person) -> dict[str, object]:
    return {
        "identity_kind": person.identity_kind,
        "identity_sealed": seal(person.identity),
        "identity_hash": lookup_hash(person.identity),
        "identity_masked": mask(person.identity),
        "prefix": person.prefix,
        "given_name_th": person.given_name_th,
        "family_name_th": person.family_name_th,
        "given_name_en": person.given_name_en,
        "family_name_en": person.family_name_en,
        "birth_date": person.birth_date,
        "institution": person.institution,
        "home_province": person.home_province,
        "language": person.language,
    }


def accept_application(*, application: Application, by: User, at: datetime) -> Registration:
    """Register the person as an import would, and give the record to their account.

    Raises ApplicationDecided, PersonKnown, AlreadyRegistered.
    """
    with transaction.atomic():
        found = _locked(application)
        known = Candidate.objects.filter(identity_hash=bytes(found.identity_hash)).first()
        if known is not None and known.user_id != found.user_id:
            raise PersonKnown
        own = Candidate.objects.filter(user=found.user).first()
        if own is not None and known is None:
            raise AccountHasCandidate
        import_candidates(rows=[_entry(found)], sitting=found.sitting, by=by, at=at)
        registration = Registration.objects.select_related("candidate", "sitting").get(
            candidate__identity_hash=bytes(found.identity_hash), sitting=found.sitting,
            state=RegistrationState.ACCEPTED,
        )  # fmt: skip
        _give(registration.candidate, found.user)
        _decide(found, ApplicationState.ACCEPTED, by, at, "")
        found.registration = registration
        found.save(update_fields=["registration"])
        record("accept_application", target=found, by=by, at=at, number=registration.number)
        return registration


def _entry(application: Application) -> Entry:
    province = BY_CODE[application.home_province]
    return Entry(
        identity_kind=IdentityKind(application.identity_kind),
        identity=unseal(bytes(application.identity_sealed)),
        prefix=application.prefix,
        given_name_th=application.given_name_th or application.given_name_en,
        family_name_th=application.family_name_th,
        given_name_en=application.given_name_en,
        family_name_en=application.family_name_en,
        sex={"นาย": "m", "นาง": "f", "นางสาว": "f"}.get(application.prefix, ""),
        birth_date=application.birth_date,
        institution=application.institution.code if application.institution else "",
        home_province=province.code,
        home_latitude=province.latitude,
        home_longitude=province.longitude,
        language=ExamLanguage(application.language),
    )


def send_back_application(
    *, application: Application, by: User, at: datetime, reason: str, for_good: bool = False
) -> None:
    """Return it to be corrected, or refuse it. The person reads the reason."""
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        found = _locked(application)
        state = ApplicationState.REFUSED if for_good else ApplicationState.RETURNED
        _decide(found, state, by, at, reason.strip()[:500])
        record("send_back_application", target=found, by=by, at=at, state=state.value)


def _locked(application: Application) -> Application:
    rows = Application.objects.select_for_update(of=("self",))
    found = rows.select_related("sitting", "user", "institution").get(pk=application.pk)
    if found.state != ApplicationState.SENT:
        raise ApplicationDecided
    return found


def _decide(
    application: Application, state: ApplicationState, by: User, at: datetime, reason: str
) -> None:
    application.state, application.reason = state, reason
    application.decided_by, application.decided_at = by, at
    application.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    wording = "accepted" if state == ApplicationState.ACCEPTED else "sent_back"
    contact = application.user.contacts.first()
    if contact is not None:
        facts = sitting_facts(application.sitting)
        language = "th" if application.identity_kind == IdentityKind.NATIONAL else "en"
        letter = Letter(
            key=f"application/{application.pk}/{state.value}/{at.isoformat()}",
            wording=f"scheduling.letters.application_{wording}", channel=contact.channel,
            to=contact.address, language=language, facts=facts,
            about=f"scheduling.application:{application.pk}", made_at=at, due_at=at,
        )  # fmt: skip
        write([letter])


def _give(candidate: Candidate, user: User) -> None:
    """Make a candidate's record an account's own, and the account bear its name."""
    thai = f"{candidate.given_name_th} {candidate.family_name_th}".strip()
    english = f"{candidate.given_name_en} {candidate.family_name_en}".strip()
    candidate.user = user
    candidate.save(update_fields=["user"])
    user.name_th, user.name_en = thai[:150], english[:150]
    user.save(update_fields=["name_th", "name_en"])


def join_account_to_card(*, user: User, registration: Registration, at: datetime) -> None:
    """Give an account the record whose number and access code its owner has shown.

    The account that number and code alone had made before is closed. Raises AccountHasCandidate,
    CandidateHasAccount.
    """
    with transaction.atomic():
        candidate = Candidate.objects.select_for_update().get(pk=registration.candidate_id)
        if candidate.user_id == user.pk:
            return
        if Candidate.objects.filter(user=user).exists():
            raise AccountHasCandidate
        former = candidate.user
        if former is not None and former.contacts.exists():
            raise CandidateHasAccount
        _give(candidate, user)
        if former is not None:
            former.is_active = False
            former.save(update_fields=["is_active"])
            end_sessions(user=former)
        facts = {"registration": registration.number}
        record("join_account_to_card", target=candidate, by=user, at=at, **facts)


def release_account(*, registration: Registration, reason: str, by: User, at: datetime) -> None:
    """Close the account of somebody who can reach it no more and has shown at the office who they
    are. Their record is then joined to a new account by number and code, as the first time.
    """
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        candidate = Candidate.objects.select_for_update().get(pk=registration.candidate_id)
        account = candidate.user
        if account is None:
            return
        tell(registration, "account_closed", key=str(account.pk), at=at, everywhere=True)
        candidate.user = None
        candidate.save(update_fields=["user"])
        account.contacts.all().delete()
        account.is_active = False
        account.save(update_fields=["is_active"])
        end_sessions(user=account)
        record("release_account", target=registration, by=by, at=at, reason=reason.strip()[:300])
