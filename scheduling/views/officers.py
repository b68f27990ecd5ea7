"""Two desks: who applies to be registered, and who asks for an arrangement.

An officer of arrangements sees what is asked for and the paper; nothing of seats, scores or money.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from centres.common.audit import record
from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.common.identity import unseal
from centres.common.provinces import BY_CODE
from centres.models import Role
from scheduling.actions.applications import accept_application, send_back_application
from scheduling.actions.arrangements import decide_arrangement, open_document, open_words
from scheduling.forms.applications import DecisionForm
from scheduling.models import Application, ApplicationState, ArrangementRequest, NeedKind
from scheduling.queries.desk import applications_waiting, requests_waiting
from scheduling.views.staff import person_for

PAGES = "scheduling/desk/"
ENDINGS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


@require_GET
@never_cache
@role_required(Role.STAFF)
def applications(request: HttpRequest) -> HttpResponse:
    """Who waits to be registered?"""
    person_for(request, Role.STAFF)
    waiting = list(applications_waiting()[:100])
    return render(request, f"{PAGES}applications.html", {"waiting": waiting})


@require_GET
@never_cache
@role_required(Role.STAFF)
def application(request: HttpRequest, key: int) -> HttpResponse:
    """One application, with the number in full while it is undecided: that is on record."""
    person = person_for(request, Role.STAFF)
    found = get_object_or_404(
        Application.objects.select_related("sitting__exam", "institution", "registration"), pk=key
    )
    number = found.identity_masked
    if found.state == ApplicationState.SENT:
        record("read_identity_number", target=found, by=person, at=timezone.now())
        number = unseal(bytes(found.identity_sealed))
    province = BY_CODE.get(found.home_province)
    context = {"one": found, "number": number, "province": province}
    return render(request, f"{PAGES}application.html", context)


@require_POST
@role_required(Role.STAFF)
def application_decide(request: HttpRequest, key: int) -> HttpResponse:
    """Register the person, send it back, or refuse."""
    person, at = person_for(request, Role.STAFF), timezone.now()
    found = get_object_or_404(Application, pk=key)
    try:
        if "accept" in request.POST:
            registration = accept_application(application=found, by=person, at=at)
            said = _("Registered as %(number)s. They are told.") % {"number": registration.number}
            messages.success(request, said)
        else:
            send_back_application(
                application=found, by=person, at=at, reason=request.POST.get("reason", ""),
                for_good="refuse" in request.POST,
            )  # fmt: skip
            messages.success(request, _("It is sent back with your reason."))
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("desk_application", found.pk)
    return redirect("desk_applications")


# --- arrangements ------------------------------------------------------------------------------


@require_GET
@never_cache
@role_required(Role.ARRANGEMENTS)
def arrangements(request: HttpRequest) -> HttpResponse:
    """Who waits for a decision?"""
    person = person_for(request, Role.ARRANGEMENTS)
    decided = ArrangementRequest.objects.filter(decided_by=person).order_by("-decided_at")
    context = {"waiting": list(requests_waiting()[:100]), "decided": decided[:20]}
    return render(request, f"{PAGES}arrangements.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@role_required(Role.ARRANGEMENTS)
def arrangement(request: HttpRequest, key: int) -> HttpResponse:
    """What is asked for, what shows it, and the decision."""
    person, at = person_for(request, Role.ARRANGEMENTS), timezone.now()
    found = get_object_or_404(
        ArrangementRequest.objects.select_related(
            "registration__sitting", "registration__candidate", "document"
        ),
        pk=key,
    )
    form = DecisionForm(request.POST or None, initial={"granted": found.kinds})
    if request.method == "POST" and form.is_valid():
        try:
            decide_arrangement(
                request=found,
                granted=[NeedKind(kind) for kind in form.cleaned_data["granted"]],
                extra_minutes=form.cleaned_data["extra_minutes"] or 0,
                reason=form.cleaned_data["reason"],
                by=person,
                at=at,
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The decision is in force, and the candidate is told."))
            return redirect("desk_arrangements")
    words = open_words(request=found, by=person, at=at)
    context = {"one": found, "form": form, "words": words}
    return render(request, f"{PAGES}arrangement.html", context, status=422 if form.errors else 200)


@require_GET
@never_cache
@role_required(Role.ARRANGEMENTS)
def document(request: HttpRequest, key: int) -> HttpResponse:
    """The paper, decrypted for this one look; the browser runs nothing of it."""
    person = person_for(request, Role.ARRANGEMENTS)
    found = get_object_or_404(ArrangementRequest, pk=key, document__isnull=False)
    content, kind = open_document(request=found, by=person, at=timezone.now())
    name = f"request-{found.pk}.{ENDINGS[kind]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)
