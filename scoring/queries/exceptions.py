"""What a person needs to decide one odd line: whose it may be, and what lies there already."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from scheduling.models import Candidate, ExamForm, Registration
from scoring.models import AnswerSheet, ExceptionKind, ResponseException
from scoring.queries.people import Sitter, sitters
from scoring.queries.readings import MarkPair
from scoring.queries.responses import room_names

MOST_NEAR = 5


@dataclass(frozen=True)
class Suspect:
    """Somebody whose sheet a line may be."""

    number: str
    name: str
    form: str
    where: str
    seat: str
    has_sheet: bool
    present: bool


@dataclass(frozen=True)
class LineDetail:
    """One line with everybody it may belong to, and where it differs from the sheet there."""

    line: ResponseException
    suspects: list[Suspect]
    sheet: AnswerSheet | None
    pairs: list[MarkPair]
    advice: str

    @property
    def form(self) -> str:
        """The exam form to begin with: what was handed out where none was read, else as read.

        A number is never guessed: of two that are near, only the paper knows.
        """
        if self.line.kind == ExceptionKind.UNKNOWN_FORM and len(self.suspects) == 1:
            return self.suspects[0].form
        return self.line.form_code


def line_detail(line: ResponseException) -> LineDetail:
    """Everything the page of one line shows."""
    sitting = line.file.sitting
    people = sitters(sitting, line.number or "-")
    if not people and line.kind == ExceptionKind.UNKNOWN_NUMBER:
        people = [who for who in sitters(sitting) if near(line.number, who.number)]
    sheets = AnswerSheet.objects.filter(registration__number=line.number or "-")
    sheet = (
        sheets.filter(registration__sitting=sitting)
        .select_related("form", "file")
        .order_by("pk")
        .first()
    )
    suspects = sorted(_suspects(people), key=lambda one: (one.has_sheet, not one.present))
    return LineDetail(line, suspects[:MOST_NEAR], sheet, _pairs(line, sheet), advice_for(line.kind))


def near(read: str, number: str) -> bool:
    """Whether a number may have been read as another: one sign wrong, or two neighbours swapped."""
    if len(read) != len(number):
        return False
    wrong = [place for place, (a, b) in enumerate(zip(read, number, strict=True)) if a != b]
    if len(wrong) == 2 and wrong[1] == wrong[0] + 1:
        first, second = wrong
        return read[first] == number[second] and read[second] == number[first]
    return len(wrong) <= 1


def _suspects(people: list[Sitter]) -> list[Suspect]:
    names = room_names(who.room_session_id for who in people)
    forms = dict(ExamForm.objects.values_list("pk", "code"))
    persons = {
        row.pk: row.candidate
        for row in Registration.objects.filter(
            pk__in=[who.registration_id for who in people]
        ).select_related("candidate")
    }
    handed = set(
        AnswerSheet.objects.filter(registration__in=persons).values_list(
            "registration_id", "form__paper_id"
        )
    )
    return [
        Suspect(
            who.number,
            _name(persons[who.registration_id]),
            forms.get(who.form_id or 0, ""),
            names.get(who.room_session_id, ""),
            who.seat,
            (who.registration_id, who.paper_id) in handed,
            who.present,
        )
        for who in people
    ]


def _name(person: Candidate) -> str:
    return f"{person.prefix}{person.given_name_th} {person.family_name_th}".strip()


def _pairs(line: ResponseException, sheet: AnswerSheet | None) -> list[MarkPair]:
    if sheet is None or len(sheet.answers) != len(line.answers):
        return []
    codes = dict(sheet.form.form_items.values_list("position", "item__code"))
    both = enumerate(zip(sheet.answers, line.answers, strict=True), 1)
    return [MarkPair(place, codes.get(place, ""), a, b) for place, (a, b) in both if a != b]


def advice_for(kind: str) -> str:
    """What a person looks at to decide a line of this kind."""
    return {
        ExceptionKind.UNKNOWN_NUMBER: _(
            "Compare the number with the handwriting on the sheet and with the door list."
        ),
        ExceptionKind.UNKNOWN_FORM: _(
            "Look up which exam form was handed out at this seat, and take the sheet as that form."
        ),
        ExceptionKind.OTHER_FORM: _(
            "The booklet in the person's hand decides. Look at the number on its cover."
        ),
        ExceptionKind.DUPLICATE: _(
            "Lay both sheets side by side. The one fed twice is set aside; a spare sheet is judged"
            " by its marks."
        ),
        ExceptionKind.ABSENT: _(
            "The room's list says absent. Ask the room: a sheet of an absent person is somebody"
            " else's, or the list is wrong."
        ),
        ExceptionKind.WRONG_LENGTH: _(
            "The sheet was not read whole. Feed it again; this line is set aside."
        ),
        ExceptionKind.UNKNOWN_MARK: _(
            "The scanner wrote a sign that means nothing. Feed the sheet again, or mend the layout."
        ),
        ExceptionKind.NOTHING_MARKED: _(
            "Look whether the sheet was fed upside down. Somebody may also have left it empty."
        ),
    }.get(ExceptionKind(kind), "")
