"""Registering oneself, joining an imported record, asking for an arrangement."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from centres.common.errors import DomainError
from centres.common.http import candidate_required, signed_in
from centres.common.identity import typed_number
from centres.forms import CardForm
from centres.models import User
from scheduling.actions.applications import join_account_to_card, send_application
from scheduling.actions.arrangements import request_arrangement, withdraw_request
from scheduling.forms.applications import PREFIXES, ArrangementForm, PersonForm
from scheduling.models import Application, NeedKind, Registration, RequestState, Sitting
from scheduling.queries.sittings import last_start
from scheduling.queries.unable import seats_fit
from scheduling.views.candidate import PAGES, own_registration, person_of


@require_GET
@never_cache
@signed_in
def start(request: HttpRequest) -> HttpResponse:
    """What can somebody do who has an account and is not registered yet?"""
    at = timezone.now()
    own = Application.objects.filter(user=cast(User, request.user)).select_related("sitting__exam")
    asked = {one.sitting_id for one in own}
    open_now = Sitting.objects.filter(closes_at__gt=at).select_related("exam").order_by("closes_at")
    context = {
        "applications": own.order_by("-pk"),
        "sittings": [one for one in open_now if one.pk not in asked],
        "is_candidate": hasattr(request.user, "candidate"),
    }
    return render(request, f"{PAGES}start.html", context)


@never_cache
@signed_in
@sensitive_post_parameters("number")
def apply(request: HttpRequest, key: int) -> HttpResponse:
    """Who I am, for one sitting; an officer looks at it."""
    user = cast(User, request.user)
    sitting = get_object_or_404(Sitting.objects.select_related("exam"), pk=key)
    returned = Application.objects.filter(user=user, sitting=sitting, state="returned").first()
    form = PersonForm(
        request.POST or None, sitting=sitting, language=get_language() or "th",
        initial=_initial(returned),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            send_application(user=user, sitting=sitting, person=form.person(), at=timezone.now())
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Your application is with an officer. We write to you."))
            return redirect("apply_start")
    context = {"form": form, "sitting": sitting, "returned": returned, "prefixes": PREFIXES}
    return render(request, f"{PAGES}apply.html", context, status=422 if form.errors else 200)


_KEPT = (
    "identity_kind", "given_name_th", "family_name_th", "given_name_en",
    "family_name_en", "home_province", "institution",
)  # fmt: skip


def _initial(returned: Application | None) -> dict[str, object]:
    """What a returned application said, but for the number: that is typed anew."""
    if returned is None:
        return {}
    kept = {name: getattr(returned, name) for name in _KEPT}
    born = returned.birth_date.strftime("%d/%m/%Y")
    return kept | {
        "title": returned.prefix, "birth_date": born, "exam_language": returned.language
    }  # fmt: skip


@never_cache
@signed_in
@sensitive_post_parameters("code")
def join_card(request: HttpRequest) -> HttpResponse:
    """Make the record an institution has entered one's own, by its number and code."""
    form = CardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        number = typed_number(form.cleaned_data["number"])
        given = {"username": number, "code": form.cleaned_data["code"]}
        if authenticate(request, **given) is None:
            sentence = _(
                "This number and code do not belong together. Compare both with your card."
            )
            form.add_error(None, sentence)
        else:
            return _joined(request, number, form)
    return render(
        request, f"{PAGES}join_card.html", {"form": form}, status=422 if form.errors else 200
    )


def _joined(request: HttpRequest, number: str, form: CardForm) -> HttpResponse:
    registration = Registration.objects.get(number=number)
    try:
        join_account_to_card(
            user=cast(User, request.user), registration=registration, at=timezone.now()
        )
    except DomainError as error:
        form.add_error(None, str(error))
        return render(request, f"{PAGES}join_card.html", {"form": form}, status=422)
    messages.success(request, _("The registration is on your account now."))
    return redirect("candidate_home")


# --- arrangements ------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@candidate_required
@sensitive_post_parameters("words")
def arrangement(request: HttpRequest) -> HttpResponse:
    """What do I need the room to do, and what was decided?"""
    registration = own_registration(request)
    newest = registration.arrangement_requests.select_related("document").last()
    is_open = newest is not None and newest.state == RequestState.SENT
    at = timezone.now()
    form = ArrangementForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["document"]
        try:
            request_arrangement(
                registration=registration,
                kinds=[NeedKind(kind) for kind in form.cleaned_data["kinds"]],
                words=form.cleaned_data["words"],
                document=given.read() if given else None,
                by=person_of(request),
                at=at,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Your request is with the officer. We write to you."))
            return redirect("candidate_arrangement")
    began = last_start(registration)
    context = {
        "form": form, "newest": newest, "is_open": is_open, "sitting": registration.sitting,
        "is_frozen": registration.sitting.is_frozen(at), "has_begun": began and began <= at,
        "fits": seats_fit(registration),
    }  # fmt: skip
    return render(request, f"{PAGES}arrangement.html", context, status=422 if form.errors else 200)


@require_POST
@candidate_required
def arrangement_withdraw(request: HttpRequest) -> HttpResponse:
    """Take an undecided request back."""
    sent = own_registration(request).arrangement_requests.filter(state=RequestState.SENT).first()
    if sent is None:
        messages.info(request, _("No request of yours waits to be decided. Nothing was changed."))
        return redirect("candidate_arrangement")
    try:
        withdraw_request(request=sent, by=person_of(request), at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("You have taken your request back."))
    return redirect("candidate_arrangement")
