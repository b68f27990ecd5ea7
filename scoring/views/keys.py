"""Pages of the examiner about keys: typed blind by two, compared, and every version there was."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError
from centres.models import Role
from scheduling.models import ExamForm
from scheduling.queries.allocations import works_everywhere
from scoring.actions.key_entry import (
    KeyDifference,
    call_off_key_round,
    enter_blind,
    key_differences,
    newest_entries,
    open_key_round,
    sent_key,
    typed_key,
)
from scoring.errors import KeyRoundOver, ReasonMissing
from scoring.forms import KeyFileForm, ReasonForm
from scoring.intake.keys import word_of
from scoring.models import KeyRound, KeyVersion
from scoring.queries.keys import FormKey, form_key, form_keys, key_cells, versions_of
from scoring.queries.layouts import forms_without_items
from scoring.views.person import nationwide, person_of
from scoring.views.sent import kept_file

READERS = (Role.EXAMINER, Role.AUDITOR)


@require_GET
@nationwide(*READERS)
def keys(request: HttpRequest) -> HttpResponse:
    """Which exam forms have a key that two people entered?"""
    found = form_keys()
    alone = [one for one in found if one.newest is None or one.newest.signed_by is None]
    heading = _("Every exam form has a key of two people")
    if not found:
        heading = _("No exam form has items yet")
    elif alone:
        heading = _("Not every exam form has a key of two people yet")
    context = {"forms": found, "heading": heading, "empty": forms_without_items()}
    return render(request, "scoring/examiner/keys.html", context)


@require_GET
@nationwide(*READERS)
def key(request: HttpRequest, key: int) -> HttpResponse:
    """Where does the key of this exam form stand, and what is mine to do?"""
    return _key_page(request, _form(key))


def _form(key: int) -> ExamForm:
    return get_object_or_404(ExamForm.objects.select_related("paper__exam"), pk=key)


def _key_page(
    request: HttpRequest,
    form: ExamForm,
    problem: str = "",
    typed: dict[str, str] | None = None,
) -> HttpResponse:
    found, person = form_key(form), person_of(request)
    examiner = works_everywhere(person, Role.EXAMINER)
    differences = key_differences(found.open_round) if found.open_round and examiner else []
    mine = found.is_mine(person)
    context = {
        "form": form,
        "found": found,
        "me": person,
        "mine": mine,
        "examiner": examiner,
        "heading": _heading(found, mine, differences),
        "differences": [_shown(one) for one in differences],
        "authors": [standing.person for standing in found.entries],
        "cells": _cells(request, found, differences, typed) if examiner else [],
        "versions": versions_of(form),
        "reason_form": ReasonForm(),
        "file_form": KeyFileForm(),
        "problem": problem,
    }
    return render(request, "scoring/examiner/key.html", context, status=400 if problem else 200)


def _shown(one: KeyDifference) -> tuple[KeyDifference, str, str]:
    return one, word_of(one.first), word_of(one.second)


def _cells(
    request: HttpRequest,
    found: FormKey,
    differences: list[KeyDifference],
    typed: dict[str, str] | None,
) -> list[Any]:
    """The words to be typed: all of them before one's own entry, what differs after both."""
    person = person_of(request)
    if found.open_round is None or (found.is_mine(person) and not differences):
        return []
    if differences and not found.is_mine(person):
        return []
    rows = None
    entries = newest_entries(found.open_round)
    if differences:
        rows = entries[person.pk].item_keys
    items = frozenset(one.item for one in differences) if differences else None
    cells = key_cells(found.form, rows, items)
    if items is not None:
        cells = [cell for cell in cells if cell.is_open]
    return [(cell, (typed or {}).get(cell.item, cell.word)) for cell in cells]


def _heading(found: FormKey, mine: bool, differences: list[KeyDifference]) -> str:
    if found.open_round is None:
        if found.newest is None:
            return _("This exam form has no key yet")
        return _("Key version %(number)s is in force") % {"number": found.newest.number}
    if differences:
        return _("Two entries differ in %(count)s items") % {"count": len(differences)}
    if mine:
        return _("Your entry is in; the other person's is awaited")
    if found.entries:
        return _("One entry is in; enter yours without having seen it")
    return _("Two people enter this key, neither seeing the other's")


@require_POST
@nationwide(Role.EXAMINER)
def begin(request: HttpRequest, key: int) -> HttpResponse:
    """Begin a double entry."""
    form = _form(key)
    reason, by, at = request.POST.get("reason", ""), person_of(request), timezone.now()
    try:
        open_key_round(form=form, reason=reason, by=by, at=at)
    except DomainError as refusal:
        return _key_page(request, form, str(refusal))
    return redirect("form_key", form.pk)


@require_POST
@nationwide(Role.EXAMINER)
def enter(request: HttpRequest, key: int) -> HttpResponse:
    """Enter a key blind, typed or as a file; or correct what differs."""
    form = _form(key)
    typed = {n[4:]: request.POST.get(n, "") for n in request.POST if n.startswith("key-")}
    try:
        made = _enter(request, form, typed)
    except DomainError as refusal:
        return _key_page(request, form, str(refusal), typed)
    if isinstance(made, KeyVersion):
        messages.success(
            request, _("Both entries are equal: key version %(n)s.") % {"n": made.number}
        )
    else:
        messages.success(request, _("Your entry is kept. Nobody sees it before both are in."))
    return redirect("form_key", form.pk)


def _enter(request: HttpRequest, form: ExamForm, typed: dict[str, str]) -> KeyVersion | None:
    begun = _open_round(form)
    by, at, source = person_of(request), timezone.now(), ""
    sent = request.FILES.get("file")
    if sent is not None:
        source = sent.name or ""
        with kept_file(sent) as path:
            rows = sent_key(form, path, source)
    else:
        mine = newest_entries(begun).get(by.pk)
        words = {row["item"]: word_of(row) for row in mine.item_keys} if mine else {}
        rows = typed_key(form, words | typed)
    return enter_blind(key_round=begun, rows=rows, by=by, at=at, source=source)


def _open_round(form: ExamForm) -> KeyRound:
    begun = KeyRound.objects.filter(form=form, closed_at=None).first()
    if begun is None:
        raise KeyRoundOver
    return begun


@require_POST
@nationwide(Role.EXAMINER)
def call_off(request: HttpRequest, key: int) -> HttpResponse:
    """End a double entry without a key."""
    form = _form(key)
    said = ReasonForm(request.POST)
    try:
        if not said.is_valid():
            raise ReasonMissing
        call_off_key_round(
            key_round=_open_round(form),
            reason=said.cleaned_data["reason"],
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as refusal:
        return _key_page(request, form, str(refusal))
    messages.success(request, _("The double entry was called off. What was entered is kept."))
    return redirect("form_key", form.pk)
