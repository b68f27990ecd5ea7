"""What people type into the pages of scoring."""

from django import forms
from django.utils.translation import gettext_lazy as _

from scoring.actions.similarity import A_CENTRE
from scoring.models import (
    CaseOutcome,
    DecisionKind,
    MissingKind,
    Reach,
    Reading,
    ResponseModel,
)


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
    value = forms.CharField(label=_("Right answers or weight"), max_length=12, required=False)


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
    """Who is compared with whom; of those side by side, how many honest pairs may be listed."""

    reach = forms.ChoiceField(label=_("Compare"), choices=Reach.choices, initial=Reach.CENTRE)
    a_centre = forms.IntegerField(
        label=_("Side by side: pairs a centre listed by chance"),
        min_value=1,
        max_value=50,
        initial=A_CENTRE,
        required=False,
    )

    def clean_a_centre(self) -> int:
        return int(self.cleaned_data["a_centre"] or A_CENTRE)


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
        (DecisionKind.WEIGHT, _("another weight")),
    )
    kind = forms.ChoiceField(label=_("Compare also"), choices=KINDS)
    value = forms.CharField(
        label=_("Right answers, or how many times it counts"),
        help_text=_("Letters such as BD; for a weight a number from 1 to 9."),
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_value(self) -> str:
        return str(self.cleaned_data["value"]).upper().replace(" ", "").replace("/", "")


class TakeInForm(forms.Form):
    """A file of answers, the layout it was written by, and what the scanner's slip says."""

    file = forms.FileField(
        label=_("File of answers"),
        help_text=_("CSV, workbook, fixed width with its layout, or JSON lines of computers."),
    )
    layout = forms.FileField(
        label=_("Layout file"),
        help_text=_("Only where the file is not a plain one."),
        required=False,
    )
    expected = forms.IntegerField(
        label=_("Sheets by the scanner's slip"), min_value=1, required=False
    )
    reading = forms.TypedChoiceField(
        label=_("Which reading"), choices=Reading.choices, coerce=int, initial=Reading.FIRST
    )


class SignatureForm(ReasonForm):
    """A signature for figures: the digest of what was shown, and why."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)


class MissingForm(ReasonForm):
    """What became of the sheet of somebody who was present."""

    registration = forms.IntegerField(widget=forms.HiddenInput)
    paper = forms.IntegerField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("What became of the sheet"), choices=MissingKind.choices)


class OrderFileForm(forms.Form):
    """The printed order of an exam form."""

    file = forms.FileField(
        label=_("File of the order"), help_text=_("CSV or workbook: place, item, options.")
    )


class KeyFileForm(forms.Form):
    """A key as a file."""

    file = forms.FileField(
        label=_("Key file"),
        help_text=_("CSV or workbook with the columns item (or place) and key."),
    )


class RemarkForm(forms.Form):
    """Something a member of the committee has to say about an item."""

    text = forms.CharField(
        label=_("Your remark"),
        help_text=_("It stays, with your name and the time. It cannot be changed."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class BankFileForm(forms.Form):
    """A file of items."""

    file = forms.FileField(
        label=_("Workbook or CSV of items"),
        help_text=_("Take the bank out here, change it, and bring the same columns back."),
    )


class BlueprintFileForm(ReasonForm):
    """A file of a blueprint, and why it changes."""

    file = forms.FileField(
        label=_("Workbook or CSV of the blueprint"),
        help_text=_("One row for each competency: its names, at least, at most."),
    )
