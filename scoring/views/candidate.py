"""What a candidate sees: the own result, signed in or by number and code, and nobody else's."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from centres.common.http import candidate_required, public
from scheduling.models import Registration, RegistrationState
from scoring.lookup import Answer, answer, form_page
from scoring.queries.results import released_publication, result_of


@require_GET
@never_cache
@candidate_required
def result(request: HttpRequest) -> HttpResponse:
    """Did I pass, how sure is that, what now?"""
    candidate = request.user.candidate  # type: ignore[union-attr]
    registration = (
        Registration.objects.filter(candidate=candidate, state=RegistrationState.ACCEPTED)
        .select_related("sitting", "candidate")
        .order_by("-sitting__opens_at")
        .first()
    )
    found = result_of(registration, at=timezone.now()) if registration else None
    if found is None:
        context = {"registration": registration, "is_out": _is_out(registration)}
        return render(request, "scoring/no_result.html", context)
    return render(request, "scoring/result.html", {"result": found})


def _is_out(registration: Registration | None) -> bool:
    return registration is not None and released_publication(registration.sitting) is not None


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_exempt  # no session, no sign-in: there is nothing that a foreign page could ride on
@public
def lookup(request: HttpRequest) -> HttpResponse:
    """The same door as `scoring.lookup`, for servers that speak WSGI."""
    if request.method != "POST":
        return _sent(Answer(200, form_page()))
    number, code = request.POST.get("number", ""), request.POST.get("code", "")
    address = request.META.get("REMOTE_ADDR", "")
    language = get_language() or "th"
    now = time.monotonic()
    return _sent(answer(number, code, address=address, language=language, now=now))


def _sent(reply: Answer) -> HttpResponse:
    response = HttpResponse(reply.page, status=reply.status)
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    if reply.retry_after:
        response["Retry-After"] = str(reply.retry_after)
    return response
