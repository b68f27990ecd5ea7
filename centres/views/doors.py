"""Signing in and out, the second factor, and one's own account."""

import base64
from io import BytesIO

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp import devices_for_user, match_token
from django_otp import login as otp_login
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.actions import begin_second_factor, confirm_second_factor, set_password
from centres.common.acts import act_name
from centres.common.audit import AuditEntry, first_broken, head
from centres.common.http import asked_page, public, role_required, signed_in
from centres.common.thai import sort_key
from centres.forms import CardForm, OneTimeCodeForm, PasswordForm
from centres.models import Role, StaffRole, User
from centres.queries import audit_entries
from centres.views.accounts import second_step

THEMES = ("light", "sun", "night")


def _after_password(request: HttpRequest) -> str:
    """A candidate is in; whoever works at the examination shows a one-time code as well."""
    wanted = asked_page(request)
    if hasattr(request.user, "candidate"):
        return wanted
    return f"{reverse('one_time_code')}?{urlencode({'next': wanted})}"


@public
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Staff, examiners and proctors: user name and password, then the one-time code."""
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = authenticate(request, **form.cleaned_data)
        if user is not None:
            contact = user.contacts.first() if isinstance(user, User) else None
            if contact and hasattr(user, "candidate"):
                return second_step(request, user, contact)
            login(request, user)
            return redirect(_after_password(request))
        form.add_error(None, _("The user name or the password is not right. Type both again."))
    context = {"form": form, "next": asked_page(request)}
    return render(request, "centres/sign_in.html", context, status=422 if form.errors else 200)


@public
@never_cache
@sensitive_post_parameters("code")
def sign_in_with_card(request: HttpRequest) -> HttpResponse:
    """Candidates: registration number and the code on the admission card."""
    form = CardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {"username": form.cleaned_data["number"], "code": form.cleaned_data["code"]}
        user = authenticate(request, **given)
        if user is not None:
            login(request, user)
            return redirect(asked_page(request))
        sentence = _("This number and code do not belong together. Compare both with your card.")
        form.add_error(None, sentence)
    context = {"form": form, "next": asked_page(request), "unsent": "unsent" in request.GET}
    return render(request, "centres/card.html", context, status=422 if form.errors else 200)


@signed_in
@never_cache
@sensitive_post_parameters("token")
def one_time_code(request: HttpRequest) -> HttpResponse:
    """The second factor; a person without one sets it up first."""
    user = request.user
    assert isinstance(user, User)
    if not any(devices_for_user(user)):
        return redirect(f"{reverse('second_factor')}?{urlencode({'next': asked_page(request)})}")
    form = OneTimeCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = match_token(user, form.cleaned_data["token"])
        if device is not None:
            otp_login(request, device)
            return redirect(asked_page(request))
        sentence = _(
            "This code is not right, or was used already. Wait for the next code and type that one."
        )
        form.add_error("token", sentence)
    context = {"form": form, "next": asked_page(request)}
    return render(
        request, "centres/one_time_code.html", context, status=422 if form.errors else 200
    )


@signed_in
@never_cache
@sensitive_post_parameters("token")
def second_factor(request: HttpRequest) -> HttpResponse:
    """Set up the authenticator app: show its QR, then ask for a first code."""
    user = request.user
    assert isinstance(user, User)
    if any(devices_for_user(user)):
        return redirect("one_time_code")
    waiting = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    form = OneTimeCodeForm(request.POST or None)
    if request.method == "POST" and waiting and form.is_valid():
        if waiting.verify_token(form.cleaned_data["token"]):
            confirm_second_factor(device=waiting, by=user, at=timezone.now())
            otp_login(request, waiting)
            return redirect(asked_page(request))
        form.add_error(
            "token", _("This code does not fit the QR. Scan it again, then type the code.")
        )
    device = waiting or begin_second_factor(user=user)
    secret = base64.b32encode(device.bin_key).decode()
    context = {
        "form": form,
        "next": asked_page(request),
        "secret": secret,
        "qr": _qr(device.config_url),
    }
    return render(
        request, "centres/second_factor.html", context, status=422 if form.errors else 200
    )


def _qr(text: str) -> str:
    drawn = BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", scale=5, xmldecl=False, svgns=True, title=_("QR of the secret")
    )
    return drawn.getvalue().decode()


@require_POST
@public
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """Who I am here, what I may do, and how my pages look."""
    assert isinstance(request.user, User)
    held = StaffRole.objects.filter(user=request.user).select_related("centre")
    context = {
        "held": held,
        "themes": THEMES,
        "contacts": request.user.contacts.all(),
        "has_app": any(devices_for_user(request.user)),
    }
    return render(request, "centres/account.html", context)


@signed_in
@never_cache
@sensitive_post_parameters("new_password1", "new_password2")
def choose_password(request: HttpRequest) -> HttpResponse:
    """Choose a password: a candidate's first one, or a new one for anybody.

    A stolen password alone must not lock its owner out: who has a second factor shows it first.
    """
    user = request.user
    assert isinstance(user, User)
    if any(devices_for_user(user)) and not user.is_verified():  # type: ignore[attr-defined]
        return redirect(f"{reverse('one_time_code')}?{urlencode({'next': request.path})}")
    form = SetPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        set_password(user=user, password=form.cleaned_data["new_password1"], at=timezone.now())
        update_session_auth_hash(request, user)
        messages.success(request, _("Your new password is in force."))
        return redirect("account")
    context = {"form": form}
    return render(request, "centres/password.html", context, status=422 if form.errors else 200)


@require_POST
@public
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme on this device."""
    answer = redirect(asked_page(request))
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        answer.set_cookie("theme", theme, max_age=365 * 24 * 3600, samesite="Lax", httponly=True)
    return answer


def locked_out(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """Too many wrong tries from one place for one name."""
    return render(request, "centres/locked_out.html", status=429)


@role_required(Role.AUDITOR, Role.HEADQUARTERS)
def audit(request: HttpRequest) -> HttpResponse:
    """The audit trail, newest first: who did what to what, and why."""
    asked = {name: request.GET.get(name, "").strip() for name in ("verb", "target", "by")}
    page = Paginator(audit_entries(**asked), 100).get_page(request.GET.get("page"))
    recorded = AuditEntry.objects.order_by("verb").values_list("verb", flat=True).distinct()
    verbs = sorted(
        ((verb, act_name(verb)) for verb in recorded), key=lambda verb: sort_key(verb[1])
    )
    context = {"page": page, "asked": asked, "verbs": verbs}
    return render(request, "centres/audit.html", context)


@role_required(Role.AUDITOR, Role.HEADQUARTERS)
@never_cache
def audit_check(request: HttpRequest) -> HttpResponse:
    """Walk the whole chain now, and say whether it is whole."""
    return render(request, "centres/audit_check.html", {"broken": first_broken(), "head": head()})
