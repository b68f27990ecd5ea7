"""Whose sheet of which exam form a line is, and why it may be nobody's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from scheduling.models import ExamForm, Sitting
from scoring.errors import FormWithoutItems
from scoring.intake.lines import MARKS, NOT_REACHED, OMITTED, FormPlan, Line
from scoring.models import AnswerSheet, ExceptionKind, FormItem
from scoring.queries.people import Sitter, sitters

NO_MARK: Final = frozenset(OMITTED + NOT_REACHED)


@dataclass(frozen=True, slots=True)
class FormShape:
    """What a sheet of an exam form must look like: how many answers, which marks."""

    form_id: int
    paper_id: int
    plan: FormPlan
    marks: frozenset[str]

    @property
    def length(self) -> int:
        return len(self.plan.items)


class Unplaced(Exception):
    """A line that cannot be a sheet as it stands: why, and the figure that shows it."""

    def __init__(self, kind: ExceptionKind, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail


@dataclass
class Placer:
    """Finds the person and the exam form of each line; knows whose sheet is there already."""

    people: Mapping[tuple[str, int], Sitter]
    forms: Mapping[str, FormShape]
    taken: set[tuple[int, int]] = field(default_factory=set)

    @property
    def plans(self) -> dict[str, FormPlan]:
        """The items of every exam form that has some, by its name in a file."""
        return {name: shape.plan for name, shape in self.forms.items() if shape.length}

    def place(self, line: Line) -> tuple[Sitter, FormShape]:
        """Return whose sheet of which exam form this line is. Unplaced says why it is neither."""
        who, shape = self.find(line)
        if (who.registration_id, shape.paper_id) in self.taken:
            raise Unplaced(ExceptionKind.DUPLICATE)
        return who, shape

    def find(self, line: Line) -> tuple[Sitter, FormShape]:
        """The same, whether or not that person has a sheet already."""
        shape = self.forms.get(line.form)
        if shape is None:
            raise Unplaced(ExceptionKind.UNKNOWN_FORM, line.form[:60])
        who = self.people.get((line.number, shape.paper_id))
        if who is None:
            raise Unplaced(ExceptionKind.UNKNOWN_NUMBER)
        self._check_answers(line, shape)
        return who, shape

    def place_unsigned(self, line: Line) -> tuple[Sitter, FormShape]:
        """Place where no person has vouched for the line: presence and form must agree too."""
        who, shape = self.place(line)
        if not who.present:
            raise Unplaced(ExceptionKind.ABSENT, who.seat)
        if who.form_id is not None and who.form_id != shape.form_id:
            raise Unplaced(ExceptionKind.OTHER_FORM, line.form)
        if NO_MARK.issuperset(line.answers):
            raise Unplaced(ExceptionKind.NOTHING_MARKED, who.seat)
        return who, shape

    @staticmethod
    def _check_answers(line: Line, shape: FormShape) -> None:
        if len(line.answers) != shape.length:
            detail = f"{len(line.answers)} / {shape.length}"
            raise Unplaced(ExceptionKind.WRONG_LENGTH, detail)
        strange = set(line.answers) - shape.marks
        if strange:
            raise Unplaced(ExceptionKind.UNKNOWN_MARK, "".join(sorted(strange))[:60])


def form_shapes(sitting: Sitting) -> dict[str, FormShape]:
    """The exam forms of a sitting's papers, by `A` where that is clear, and by `PAPER/A`."""
    forms = ExamForm.objects.filter(paper__exam_id=sitting.exam_id).select_related("paper")
    items: dict[int, list[tuple[str, str]]] = {}
    places = FormItem.objects.filter(form__in=forms).order_by("form_id", "position")
    for form_id, code, letters in places.values_list("form_id", "item__code", "item__options"):
        items.setdefault(form_id, []).append((code, letters))
    found: dict[str, list[FormShape]] = {}
    for form in forms:
        some = items.get(form.pk, [])
        plan = FormPlan(tuple(code for code, _ in some), tuple(letters for _, letters in some))
        marks = frozenset("".join(plan.options) + MARKS)
        shape = FormShape(form.pk, form.paper_id, plan, marks)
        for name in (form.code, f"{form.paper.code}/{form.code}"):
            found.setdefault(name, []).append(shape)
    return {name: shapes[0] for name, shapes in found.items() if len(shapes) == 1}


def placer_of(sitting: Sitting, number: str = "") -> Placer:
    """Everything needed to place the lines of a sitting's files, or those of one number."""
    forms = form_shapes(sitting)
    if not any(shape.length for shape in forms.values()):
        raise FormWithoutItems(form=", ".join(sorted(forms)))
    handed = AnswerSheet.objects.filter(registration__sitting=sitting)
    if number:
        handed = handed.filter(registration__number=number)
    return Placer(
        people={(who.number, who.paper_id): who for who in sitters(sitting, number)},
        forms=forms,
        taken=set(handed.values_list("registration_id", "form__paper_id")),
    )
