"""Pages of a layout: which item stands at which place of an exam form, from a file, once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError
from centres.models import Role
from scheduling.models import ExamForm
from scheduling.queries.allocations import works_everywhere
from scoring.actions.laying_out import lay_out_from_file
from scoring.forms import OrderFileForm
from scoring.queries.layouts import form_layout
from scoring.views.examiner import READERS
from scoring.views.person import nationwide, person_of
from scoring.views.sent import kept_file


@require_GET
@nationwide(*READERS)
def layout(request: HttpRequest, key: int) -> HttpResponse:
    """Which item stands at which place?"""
    return _page(request, _form(key), OrderFileForm())


def _form(key: int) -> ExamForm:
    return get_object_or_404(ExamForm.objects.select_related("paper__exam"), pk=key)


def _page(
    request: HttpRequest, form: ExamForm, sending: OrderFileForm, problem: str = ""
) -> HttpResponse:
    places = form_layout(form)
    heading = _("Exam form %(form)s has no items yet") % {"form": form.code}
    if places:
        sentence = ngettext(
            "Exam form %(form)s has %(count)s item in its printed order",
            "Exam form %(form)s has %(count)s items in their printed order",
            len(places),
        )
        heading = sentence % {"form": form.code, "count": len(places)}
    context = {
        "form": form,
        "places": places,
        "shared": sum(bool(place.others) for place in places),
        "heading": heading,
        "sending": sending,
        "problem": problem,
        "may_act": not places and works_everywhere(person_of(request), Role.EXAMINER),
    }
    status = 400 if problem or sending.errors else 200
    return render(request, "scoring/examiner/layout.html", context, status=status)


@require_POST
@nationwide(Role.EXAMINER)
def lay_out(request: HttpRequest, key: int) -> HttpResponse:
    """Lay an exam form out from a file: all of it, or nothing and the row that is wrong."""
    form = _form(key)
    sending = OrderFileForm(request.POST, request.FILES)
    if not sending.is_valid():
        return _page(request, form, sending)
    sent = sending.cleaned_data["file"]
    try:
        with kept_file(sent) as path:
            lay_out_from_file(
                form=form, path=path, name=sent.name, by=person_of(request), at=timezone.now()
            )
    except DomainError as refusal:
        return _page(request, form, sending, str(refusal))
    messages.success(request, _("The order is kept. Two people may now enter the key."))
    return redirect("form_layout", form.pk)
