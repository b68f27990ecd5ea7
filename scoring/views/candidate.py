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
    registrations = list(
        Registration.objects.filter(candidate=candidate, state=RegistrationState.ACCEPTED)
        .select_related("sitting", "candidate")
        .order_by("-sitting__opens_at")
    )
    now = timezone.now()
    found = [(one, result_of(one, at=now)) for one in registrations]
    out = [(one, result) for one, result in found if result is not None]
    if not out:
        waiting = registrations[0] if registrations else None
        context = {"registration": waiting, "is_out": _is_out(waiting)}
        return render(request, "scoring/no_result.html", context)
    wanted = request.GET.get("sitting", "")
    chosen = next((pair for pair in out if str(pair[0].sitting_id) == wanted), out[0])
    others = [one for one, _result in out if one != chosen[0]]
    return render(request, "scoring/result.html", {"result": chosen[1], "others": others})


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
