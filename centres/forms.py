"""What a person types at the door."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from centres.common.contact import AddressWrong, typed_address
from centres.common.thai import ascii_digits

ATTRS: dict[str, Any] = {"autocapitalize": "none", "spellcheck": "false"}


class PasswordForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={**ATTRS, "autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class OneTimeCodeForm(forms.Form):
    token = forms.CharField(
        label=_("Six-digit code"),
        min_length=6,
        max_length=7,
        widget=forms.TextInput(
            attrs={**ATTRS, "autocomplete": "one-time-code", "inputmode": "numeric"}
        ),
    )

    def clean_token(self) -> str:
        return str(self.cleaned_data["token"]).replace(" ", "")


class CardForm(forms.Form):
    number = forms.CharField(
        label=_("Registration number"),
        help_text=_("10 digits, at the top of your admission card"),
        max_length=20,
        widget=forms.TextInput(attrs={**ATTRS, "autocomplete": "username", "inputmode": "numeric"}),
    )
    code = forms.CharField(
        label=_("Code"),
        help_text=_("12 letters and digits, at the foot of your admission card"),
        max_length=20,
        widget=forms.TextInput(attrs={**ATTRS, "autocomplete": "off"}),
    )


class AddressForm(forms.Form):
    """An e-mail address or a phone number; cleaned, it is its channel and one spelling."""

    address = forms.CharField(
        label=_("E-mail address or phone number"),
        help_text=_("We send a code of six digits there."),
        max_length=200,
        widget=forms.TextInput(attrs={**ATTRS, "autocomplete": "email"}),
    )

    def clean_address(self) -> object:
        try:
            return typed_address(self.cleaned_data["address"])
        except AddressWrong as error:
            raise forms.ValidationError(str(error)) from error


class AccountForm(forms.Form):
    address = forms.CharField(
        label=_("E-mail address or phone number"),
        max_length=200,
        widget=forms.TextInput(attrs={**ATTRS, "autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class DigitsForm(forms.Form):
    digits = forms.CharField(
        label=_("Six digits"),
        max_length=12,
        widget=forms.TextInput(
            attrs={
                **ATTRS, "autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True,
            }
        ),
    )  # fmt: skip

    def clean_digits(self) -> str:
        return "".join(ascii_digits(self.cleaned_data["digits"]).split())
