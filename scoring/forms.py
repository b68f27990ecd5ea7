"""What people type into the pages of scoring."""

from django import forms
from django.utils.translation import gettext_lazy as _

from scoring.models import CaseOutcome, DecisionKind, Reach, ResponseModel


class ReasonForm(forms.Form):
    """One sentence that is kept with the decision."""

    reason = forms.CharField(
        label=_("Your reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class ProposalForm(ReasonForm):
    """What to do with an item."""

    kind = forms.ChoiceField(label=_("What to do"), choices=DecisionKind.choices)
    right = forms.CharField(label=_("Right answers"), max_length=12, required=False)


class DraftForm(forms.Form):
    """When results come out, and what a new version corrects."""

    release_at = forms.DateTimeField(
        label=_("The hour of release"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    cause = forms.CharField(
        label=_("What this version corrects, and why"),
        help_text=_("Only for a correction. Candidates read this sentence."),
        max_length=500,
        required=False,
    )


class ReleaseCodeForm(forms.Form):
    """The code of one signer's envelope."""

    code = forms.CharField(
        label=_("Release code"),
        help_text=_("Six groups of four letters and digits, from your envelope."),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "code"}),
    )


class TakeForm(ReasonForm):
    """Whose sheet a line is, of which exam form."""

    number = forms.CharField(label=_("Registration number"), max_length=20)
    form = forms.CharField(label=_("Exam form"), max_length=20)


class CalibrationForm(forms.Form):
    """By which response model."""

    model = forms.ChoiceField(
        label=_("Response model"), choices=ResponseModel.choices, initial=ResponseModel.TWO
    )


class PersonForm(forms.Form):
    """Whose answers to look at."""

    number = forms.CharField(label=_("Registration number"), max_length=20)


class ReachForm(forms.Form):
    """Who is compared with whom."""

    reach = forms.ChoiceField(label=_("Compare"), choices=Reach.choices, initial=Reach.CENTRE)


class NoteForm(forms.Form):
    """Something to add to a case."""

    reason = forms.CharField(
        label=_("What you heard, saw or think"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class ClosingForm(forms.Form):
    """What becomes of a case, and why."""

    outcome = forms.ChoiceField(label=_("What becomes of it"), choices=CaseOutcome.choices)
    reason = forms.CharField(
        label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class RemedyForm(forms.Form):
    """A further remedy to compare."""

    KINDS = (
        (DecisionKind.REKEY, _("another key")),
        (DecisionKind.MULTIPLE, _("several right answers")),
        ("weight", _("another weight")),
    )
    kind = forms.ChoiceField(label=_("Compare also"), choices=KINDS)
    right = forms.CharField(
        label=_("Right answers, or how many times it counts"),
        help_text=_("Letters such as BD; for a weight a number from 1 to 9."),
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_right(self) -> str:
        return str(self.cleaned_data["right"]).upper().replace(" ", "").replace("/", "")
