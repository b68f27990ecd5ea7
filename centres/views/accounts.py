"""A person's own account: made with an address and a code, entered with two factors, recovered.

Nobody is signed in before the second factor is right. Every page answers alike, whether an address
is known or not.
"""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import authenticate, login, update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp import devices_for_user, match_token
from django_otp import login as otp_login

from centres.actions import (
    add_contact,
    open_account,
    recover_account,
    remove_contact,
    send_code,
    sign_out_everywhere,
    use_code,
)
from centres.common.contact import AddressWrong, Channel, masked, typed_address
from centres.common.errors import DomainError
from centres.common.http import asked_page, public, signed_in
from centres.common.thai import whole_number
from centres.errors import CodeEnded, TooManyCodes
from centres.forms import AccountForm, AddressForm, DigitsForm, OneTimeCodeForm
from centres.models import CodePurpose, Contact, OneTimeCode, User

IN_HAND = "account_code"  # in the session: the code that was sent to this browser's person
PENDING = "account_pending"  # in the session: who has shown a password, but no second factor yet
CODES_AN_HOUR_FROM_A_PLACE = 300  # a faculty shares one address; a machine that floods asks more
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


def _page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    form = context.get("form")
    status = 422 if form is not None and form.errors else 200
    return render(request, f"centres/{name}.html", context, status=status)


def _send(
    request: HttpRequest,
    purpose: CodePurpose,
    address: tuple[Channel, str],
    user: User | None,
) -> HttpResponse:
    """Send a code and lead to the page that asks for it."""
    _refuse_flood(request)
    channel, value = address
    code = send_code(
        purpose=purpose, channel=channel, address=value, user=user,
        language=get_language() or "th", at=timezone.now(),
    )  # fmt: skip
    request.session[IN_HAND] = code.pk
    return redirect(f"{reverse('account_code')}?{urlencode({'next': asked_page(request)})}")


def _refuse_flood(request: HttpRequest) -> None:
    place = f"codes/{request.META.get('REMOTE_ADDR', '')}"
    cache.add(place, 0, 3600)
    if cache.incr(place) > CODES_AN_HOUR_FROM_A_PLACE:
        raise TooManyCodes


def _in_hand(request: HttpRequest) -> OneTimeCode | None:
    return OneTimeCode.objects.filter(pk=request.session.get(IN_HAND, 0)).first()


# --- coming in ---------------------------------------------------------------------------------


@public
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """An account for somebody who has none: first an address that is theirs."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _send(request, CodePurpose.JOIN, form.cleaned_data["address"], None)
        except DomainError as error:
            form.add_error("address", str(error))
    return _page(request, "account_new", form=form, next=asked_page(request))


@public
@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Address and password; then a code, from the app where there is one, sent otherwise."""
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        contact = _contact(form.cleaned_data["address"])
        name = contact.user.username if contact else form.cleaned_data["address"]
        user = authenticate(request, username=name, password=form.cleaned_data["password"])
        if isinstance(user, User) and contact and contact.user == user:
            try:
                return second_step(request, user, contact)
            except DomainError as error:
                form.add_error(None, str(error))
        else:
            sentence = _("The address or the password is not right. Type both again.")
            form.add_error(None, sentence)
    return _page(request, "account_sign_in", form=form, next=asked_page(request))


def _contact(text: str) -> Contact | None:
    try:
        _channel, address = typed_address(text)
    except AddressWrong:
        return None
    return Contact.objects.select_related("user").filter(address=address).first()


def second_step(request: HttpRequest, user: User, contact: Contact) -> HttpResponse:
    """The password was right; nobody is signed in before a code is, too."""
    request.session[PENDING] = user.pk
    if any(devices_for_user(user)):
        place = reverse("account_app_code")
        return redirect(f"{place}?{urlencode({'next': asked_page(request)})}")
    address = Channel(contact.channel), contact.address
    return _send(request, CodePurpose.SIGN_IN, address, user)


@public
@never_cache
@sensitive_post_parameters("token")
def app_code(request: HttpRequest) -> HttpResponse:
    """The second factor of those who have set up an authenticator app."""
    user = User.objects.filter(pk=request.session.get(PENDING, 0), is_active=True).first()
    if user is None:
        return redirect("sign_in_with_account")
    form = OneTimeCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = match_token(user, form.cleaned_data["token"])
        if device is not None:
            login(request, user, MODEL_BACKEND)
            otp_login(request, device)
            return redirect(asked_page(request))
        sentence = _(
            "This code is not right, or was used already. Wait for the next code and type that one."
        )
        form.add_error("token", sentence)
    return _page(request, "account_app_code", form=form, next=asked_page(request))


@public
@never_cache
@sensitive_post_parameters("digits")
def code(request: HttpRequest) -> HttpResponse:
    """Six digits that were sent: to make an account, come in, recover, or add an address."""
    sent = _in_hand(request)
    if sent is None:
        return redirect("sign_in_with_account")
    if "again" in request.POST:
        return _once_more(request, sent)
    form = DigitsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            used = use_code(code=sent, typed=form.cleaned_data["digits"], at=timezone.now())
            return _after_code(request, used)
        except DomainError as error:
            form.add_error("digits", str(error))
    context = {"sent": sent, "to": masked(sent.address), "next": asked_page(request)}
    return _page(request, "account_code", form=form, **context)


def _once_more(request: HttpRequest, sent: OneTimeCode) -> HttpResponse:
    address = Channel(sent.channel), sent.address
    try:
        answer = _send(request, CodePurpose(sent.purpose), address, sent.user)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("account_code")
    messages.success(request, _("Another code is on its way. Only the newest one counts."))
    return answer


def _after_code(request: HttpRequest, used: OneTimeCode) -> HttpResponse:
    if used.purpose == CodePurpose.SIGN_IN:
        del request.session[IN_HAND]
        if used.user is None or request.session.get(PENDING) != used.user.pk:
            raise CodeEnded
        login(request, used.user, MODEL_BACKEND)
        return redirect(asked_page(request))
    if used.purpose == CodePurpose.ADD:
        del request.session[IN_HAND]
        if request.user != used.user:
            raise CodeEnded
        add_contact(user=used.user, code=used, at=timezone.now())
        messages.success(request, _("The address is yours and on your account now."))
        return redirect("account")
    return redirect(f"{reverse('account_password')}?{urlencode({'next': asked_page(request)})}")


@public
@never_cache
@sensitive_post_parameters("new_password1", "new_password2")
def password(request: HttpRequest) -> HttpResponse:
    """The password of a new account, or a new one for an account whose owner lost it."""
    used = _in_hand(request)
    if used is None or used.used_at is None:
        return redirect("sign_in_with_account")
    is_new = used.purpose == CodePurpose.JOIN
    form = SetPasswordForm(used.user or User(), request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = open_account if is_new else recover_account
        try:
            user = act(code=used, password=form.cleaned_data["new_password1"], at=timezone.now())
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("account_new" if is_new else "account_forgotten")
        return _welcome(request, user, is_new=is_new)
    return _page(request, "account_password", form=form, is_new=is_new, next=asked_page(request))


def _welcome(request: HttpRequest, user: User, *, is_new: bool) -> HttpResponse:
    """In at once: the code was the second factor. Who has an app shows that too."""
    target = asked_page(request)
    del request.session[IN_HAND]
    if not is_new and any(devices_for_user(user)):
        request.session[PENDING] = user.pk
        return redirect(f"{reverse('account_app_code')}?{urlencode({'next': target})}")
    login(request, user, MODEL_BACKEND)
    said = _("Your account is open.") if is_new else _("Your new password is in force.")
    messages.success(request, said)
    return redirect(target)


@public
@never_cache
def forgotten(request: HttpRequest) -> HttpResponse:
    """A lost password: a code to the address of the account, then a new password."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        channel, value = form.cleaned_data["address"]
        contact = Contact.objects.select_related("user").filter(address=value).first()
        user = contact.user if contact else None
        try:
            return _send(request, CodePurpose.RECOVER, (channel, value), user)
        except DomainError as error:
            form.add_error("address", str(error))
    return _page(request, "account_forgotten", form=form, next=asked_page(request))


# --- one's own account -------------------------------------------------------------------------


@signed_in
@never_cache
def add_address(request: HttpRequest) -> HttpResponse:
    """One more address, shown to be theirs by a code."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = cast(User, request.user)
        try:
            return _send(request, CodePurpose.ADD, form.cleaned_data["address"], user)
        except DomainError as error:
            form.add_error("address", str(error))
    return _page(request, "contact_add", form=form)


@require_POST
@signed_in
def remove_address(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    asked = whole_number(request.POST.get("contact", ""))
    contact = user.contacts.filter(pk=asked).first()
    if contact is not None:
        try:
            remove_contact(user=user, contact=contact, at=timezone.now())
        except DomainError as error:
            messages.error(request, str(error))
    return redirect("account")


@require_POST
@signed_in
def everywhere(request: HttpRequest) -> HttpResponse:
    """Sign out every other device of this person; this one stays."""
    user = cast(User, request.user)
    sign_out_everywhere(user=user, at=timezone.now())
    user.refresh_from_db()
    update_session_auth_hash(request, user)
    messages.success(request, _("Every other device is signed out."))
    return redirect("account")
