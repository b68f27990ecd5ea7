"""Who a person says they are, and what they ask for; read as the cells of an import are."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError
from centres.common.identity import national_number, passport_number, rehearsal_number
from centres.common.provinces import PROVINCES
from centres.common.thai import fold
from centres.forms import ATTRS
from scheduling.actions.applications import Person
from scheduling.forms import cells
from scheduling.models import ExamLanguage, IdentityKind, Institution, NeedKind, Sitting

PREFIXES = ["นาย", "นาง", "นางสาว"]


def _read(reader: Callable[..., Any], *values: object, **named: object) -> Any:
    """What a cell reader makes of a field; its sentence becomes the field's."""
    try:
        return reader(*values, **named)
    except (cells.Fault, DomainError) as fault:
        raise forms.ValidationError(str(fault)) from fault


def _text(label: Any, *, help_text: Any = "", required: bool = True, **attrs: str) -> forms.Field:
    widget = forms.TextInput(attrs={"spellcheck": "false", **attrs})
    return forms.CharField(
        label=label, help_text=help_text, required=required, max_length=120, widget=widget,
        error_messages={"required": _("This is empty. It is needed.")},
    )  # fmt: skip


class PersonForm(forms.Form):
    """Identity, names in both scripts, birth, and where home is."""

    identity_kind = forms.ChoiceField(
        label=_("Which document do you bring to the exam?"), choices=IdentityKind.choices,
        initial=IdentityKind.NATIONAL, widget=forms.RadioSelect,
    )  # fmt: skip
    number = _text(
        _("National number or passport number"),
        help_text=_("13 digits as on the card; or the passport number as printed"),
        autocomplete="off",
    )
    country = _text(
        _("Country of the passport"), required=False, autocomplete="off",
        help_text=_("Three letters, such as GBR; only with a passport"),
    )  # fmt: skip
    title = _text(_("Prefix"), help_text=_("As on the card: นาย, นาง, นางสาว, or a rank"), list="p")
    given_name_th = _text(_("Given name in Thai"), required=False, autocomplete="given-name")
    family_name_th = _text(_("Family name in Thai"), required=False, autocomplete="family-name")
    given_name_en = _text(
        _("Given name in English"), help_text=_("As in the passport or on the card")
    )
    family_name_en = _text(_("Family name in English"), required=False)
    birth_date = _text(_("Date of birth"), help_text=_("Day/month/year, such as 13/05/2544"))
    home_province = forms.ChoiceField(label=_("Home province"), choices=())
    institution = forms.ModelChoiceField(
        label=_("Where you studied"), queryset=Institution.objects.none(), required=False,
        empty_label=_("not in the list"),
    )  # fmt: skip
    exam_language = forms.ChoiceField(
        label=_("In which language do you sit the exam?"), choices=ExamLanguage.choices,
        initial=ExamLanguage.THAI, widget=forms.RadioSelect,
    )  # fmt: skip

    def __init__(self, *args: Any, sitting: Sitting, language: str, **named: Any) -> None:
        super().__init__(*args, **named)
        self.sitting = sitting
        name = "name_th" if language == "th" else "name_en"
        provinces = sorted((getattr(one, name), one.code) for one in PROVINCES)
        self.fields["home_province"].choices = [(code, said) for said, code in provinces]  # type: ignore[attr-defined]
        self.fields["institution"].queryset = Institution.objects.order_by(name)  # type: ignore[attr-defined]

    def clean_title(self) -> str:
        return str(_read(cells.read_prefix, fold(self.cleaned_data["title"])))

    def _name(self, field: str) -> str:
        text = fold(self.cleaned_data.get(field) or "")
        return str(_read(cells.read_name, text)) if text else ""

    def clean_given_name_th(self) -> str:
        return self._name("given_name_th")

    def clean_family_name_th(self) -> str:
        return self._name("family_name_th")

    def clean_given_name_en(self) -> str:
        return self._name("given_name_en")

    def clean_family_name_en(self) -> str:
        return self._name("family_name_en")

    def clean_birth_date(self) -> object:
        first = self.sitting.exam_sessions.order_by("starts_at").first()
        day = (first.starts_at if first else self.sitting.closes_at).date()
        return _read(cells.read_day, self.cleaned_data["birth_date"], first_day=day)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        kind, number = given.get("identity_kind"), given.get("number", "")
        is_national = kind == IdentityKind.NATIONAL
        if is_national and not given.get("given_name_th") and "given_name_th" not in self.errors:
            self.add_error("given_name_th", _("Write the name as on the card, in Thai."))
        if number:
            self._identity(number, is_national=is_national)
        return given

    def _identity(self, number: str, *, is_national: bool) -> None:
        reader = rehearsal_number if self.sitting.is_rehearsal else national_number
        try:
            self.cleaned_data["identity"] = (
                reader(number) if is_national
                else passport_number(number, self.cleaned_data.get("country") or "")
            )  # fmt: skip
        except DomainError as error:
            self.add_error("number", str(error))

    def person(self) -> Person:
        given = self.cleaned_data
        return Person(
            identity_kind=IdentityKind(given["identity_kind"]),
            identity=given["identity"],
            prefix=given["title"],
            given_name_th=given["given_name_th"],
            family_name_th=given["family_name_th"],
            given_name_en=given["given_name_en"],
            family_name_en=given["family_name_en"],
            birth_date=given["birth_date"],
            institution=given["institution"],
            home_province=given["home_province"],
            language=ExamLanguage(given["exam_language"]),
        )


class ArrangementForm(forms.Form):
    """What the room must do, why in one's own words, and a paper that shows it."""

    kinds = forms.MultipleChoiceField(
        label=_("What do you need?"), choices=NeedKind.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one arrangement.")},
    )  # fmt: skip
    words = forms.CharField(
        label=_("Say what the room must do"), max_length=2000, required=False,
        help_text=_("For example how high the table must be. You need not name an illness."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    document = forms.FileField(
        label=_("A paper that shows it"), required=False,
        help_text=_(
            "PDF, JPEG or PNG up to 5 MB. It is stored encrypted, and only the officer who decides "
            "opens it."
        ),
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
    )  # fmt: skip


class DecisionForm(forms.Form):
    """What an officer grants."""

    granted = forms.MultipleChoiceField(
        label=_("Granted"), choices=NeedKind.choices, widget=forms.CheckboxSelectMultiple,
        required=False,
    )  # fmt: skip
    extra_minutes = forms.IntegerField(
        label=_("Extra minutes"), min_value=0, max_value=180, required=False,
        widget=forms.TextInput(attrs={**ATTRS, "inputmode": "numeric"}),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False,
        help_text=_("The candidate reads it. Needed when something is not granted."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
