"""The bank's files: read, matched to the satang, decided where they name nobody, paid back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.common.thai import ascii_digits
from centres.models import Role
from scheduling.actions.fees import assign_payment, enter_payments, refund_unknown, send_refund
from scheduling.forms.payments import read_bank_file
from scheduling.models import Fee, Payment, PaymentFile, PaymentOutcome, Refund
from scheduling.queries.fees import (
    books,
    outcomes_of,
    payments_in,
    refunds_due,
    unknown_payments,
)
from scheduling.request_errors import FeeNotFound, FileMissing
from scheduling.views.staff import person_for

PAGES = "scheduling/desk/"
READERS = (Role.STAFF, Role.HEADQUARTERS, Role.AUDITOR)


@contextmanager
def _kept(upload: "UploadedFile[bytes]") -> Iterator[Path]:
    """The upload as a file of its own kind, gone again afterwards."""
    suffix = ".xlsx" if (upload.name or "").lower().endswith(".xlsx") else ".csv"
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"payments{suffix}"
        with path.open("wb") as file:
            for part in upload.chunks():
                file.write(part)
        yield path


@require_http_methods(["GET", "POST"])
@never_cache
@role_required(*READERS)
def payments(request: HttpRequest) -> HttpResponse:
    """Do the books add up, and what waits for a decision?"""
    if request.method == "POST":
        return _read(request)
    person = person_for(request, *READERS)
    context = {
        "books": books(),
        "files": [(file, _counts(file)) for file in PaymentFile.objects.all()[:20]],
        "unknown": unknown_payments().order_by("pk")[:100],
        "refunds": refunds_due()[:100],
        "may_act": person.staff_roles.filter(role=Role.STAFF, centre=None).exists(),
    }
    return render(request, f"{PAGES}payments.html", context)


def _counts(file: PaymentFile) -> list[tuple[PaymentOutcome, int]]:
    counted = outcomes_of(file)
    return [(one, counted[one.value]) for one in PaymentOutcome if counted[one.value]]


def _read(request: HttpRequest) -> HttpResponse:
    person = person_for(request, Role.STAFF)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise FileMissing
        with _kept(upload) as path:
            read = read_bank_file(path, (upload.name or "")[:200])
        entered = enter_payments(file=read, by=person, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("payments")
    messages.success(request, _("The file is read. Every line of it is below."))
    return redirect("payment_file", entered.pk)


@require_GET
@never_cache
@role_required(*READERS)
def payment_file(request: HttpRequest, key: int) -> HttpResponse:
    """Every line of one file and what came of it; those that do not match come first."""
    person_for(request, *READERS)
    file = get_object_or_404(PaymentFile, pk=key)
    shown = request.GET.get("outcome", "")
    lines = payments_in(file)
    if shown in PaymentOutcome.values:
        lines = lines.filter(outcome=shown)
    page = Paginator(lines, 100).get_page(request.GET.get("page"))
    context = {"file": file, "page": page, "counts": _counts(file), "shown": shown}
    return render(request, f"{PAGES}payment_file.html", context)


@require_POST
@role_required(Role.STAFF)
def payment_decide(request: HttpRequest, key: int) -> HttpResponse:
    """Whose is this payment? Theirs with this reference, or nobody's: then it goes back."""
    person, at = person_for(request, Role.STAFF), timezone.now()
    payment = get_object_or_404(Payment, pk=key)
    try:
        if "refund" in request.POST:
            refund_unknown(payment=payment, by=person, at=at)
        else:
            reference = ascii_digits(request.POST.get("reference", "")).replace(" ", "")
            fee = Fee.objects.filter(reference=reference).first()
            if fee is None:
                raise FeeNotFound
            reason = request.POST.get("reason", "").strip()[:300]
            assign_payment(payment=payment, fee=fee, by=person, at=at, reason=reason)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is done, and on record with your reason."))
    return redirect("payments")


@require_POST
@role_required(Role.STAFF)
def refund_sent(request: HttpRequest, key: int) -> HttpResponse:
    """The bank has transferred it: under which number?"""
    person = person_for(request, Role.STAFF)
    refund = get_object_or_404(Refund, pk=key)
    reference = request.POST.get("reference", "").strip()[:60]
    try:
        send_refund(refund=refund, reference=reference, by=person, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The refund is marked as sent."))
    return redirect("payments")
