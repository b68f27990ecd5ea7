"""What a candidate owes, has paid, and gets back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from centres.common.http import candidate_required
from scheduling.queries.fees import fee_of, refunds_of
from scheduling.views.candidate import PAGES, own_registration


@require_GET
@never_cache
@candidate_required
def fee(request: HttpRequest) -> HttpResponse:
    """Is it paid? If not: how much, until when, with which reference?"""
    registration = own_registration(request)
    owed = fee_of(registration)
    context = {
        "registration": registration,
        "fee": owed,
        "payments": owed.payments.order_by("paid_at") if owed else [],
        "refunds": refunds_of(registration).order_by("pk"),
    }
    return render(request, f"{PAGES}fee.html", context)
