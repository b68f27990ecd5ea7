"""Calibrations into rows, and rows into the groups that items are compared between."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from centres.common.bulk import insert_rows
from scheduling.models import Booking, BookingState, IdentityKind, Sitting
from scoring.arrays import finite, items_of
from scoring.models import (
    AnalysisRun,
    CalibratedItem,
    CalibrationRun,
    GroupDifference,
    PersonMeasure,
)
from scoring.psychometrics.dif import DELTA, DifAnalysis
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.curves import EmpiricalCurves
from scoring.psychometrics.irt.fit import ItemFit
from scoring.psychometrics.irt.information import StandardErrors
from scoring.psychometrics.irt.item_chi2 import ItemChiSquares
from scoring.psychometrics.irt.persons import Abilities
from scoring.psychometrics.logistic_dif import LogisticDif
from scoring.psychometrics.person_fit import PersonFit

Floats = NDArray[np.float64]

NEIGHBOURS: Final = 3
TOGETHER: Final = 0.2  # corrected Q3 above which two items share more than ability
RAJABHAT: Final = "ราชภัฏ"  # the family of universities that sends most candidates, by its name


# --- groups ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Grouping:
    """One way to divide N people: `labels`, (N,), empty where not known; `focal`, who is looked at.

    A group is compared with everybody else whose label is known.
    """

    code: str
    labels: NDArray[np.str_]
    focal: tuple[str, ...]


def load_groups(people: NDArray[np.int64], sitting: Sitting, paper_id: int) -> tuple[Grouping, ...]:
    """How registrations (ids, any order) divide by sex, language, place, session, school, document.

    Of two groups the smaller or usual one is looked at; of more, each.
    """
    rows = Booking.objects.filter(
        registration__sitting=sitting, paper_id=paper_id, state=BookingState.CONFIRMED
    ).values_list(
        "registration_id",
        "registration__candidate__sex",
        "room_session__room__building__centre__region",
        "room_session__room__building__centre__code",
        "room_session__exam_session__number",
        "registration__institution__name_th",
        "registration__candidate__identity_kind",
        "registration__language",
    )
    known = {row[0]: row[1:] for row in rows}
    table = [_labels(known.get(int(person))) for person in people]
    columns = np.array(table, np.str_).reshape(-1, len(_CODES))
    return tuple(_grouping(code, columns[:, at]) for at, code in enumerate(_CODES))


_CODES: Final = ("sex", "region", "centre", "session", "institution", "document", "language")
_FOCAL: Final = {"sex": "f", "institution": "rajabhat", "document": "passport", "language": "en"}


def _labels(facts: tuple[Any, ...] | None) -> tuple[str, ...]:
    if facts is None:
        return ("",) * len(_CODES)
    sex, region, centre, session, institution, document, language = facts
    school = ("rajabhat" if RAJABHAT in institution else "other") if institution else ""
    paper = "passport" if document == IdentityKind.PASSPORT else "national"
    return sex, region, centre, str(session), school, paper, language


def _grouping(code: str, labels: NDArray[np.str_]) -> Grouping:
    found = tuple(str(label) for label in np.unique(labels) if label)
    only = _FOCAL.get(code)
    if len(found) < 2 or (only is not None and only not in found):
        return Grouping(code, labels, ())
    return Grouping(code, labels, (only,) if only else found)


# --- results into rows ----------------------------------------------------------------------------


@dataclass(frozen=True)
class FormFit:
    """How one exam form looks under a calibration of its paper, item by item of the form."""

    analysis: AnalysisRun
    calibration: Calibration
    errors: StandardErrors
    chi_squares: ItemChiSquares
    residuals: ItemFit
    curves: EmpiricalCurves


def save_items(run: CalibrationRun, forms: Iterable[FormFit]) -> None:
    """Store the figures of every item of every form."""
    for form in forms:
        CalibratedItem.objects.bulk_create(_item_rows(run, form))


def _item_rows(run: CalibrationRun, form: FormFit) -> Iterator[CalibratedItem]:
    places = {place.item.code: place for place in items_of(form.analysis.form)}
    found, errors, fit = form.calibration, form.errors, form.residuals
    chi = form.chi_squares
    for j, code in enumerate(found.items):
        yield CalibratedItem(
            run=run,
            form_item=places[code],
            a=finite(found.a[j]),
            b=finite(found.b[j]),
            c=finite(found.c[j]),
            se_a=finite(errors.a[j]),
            se_b=finite(errors.b[j]),
            se_c=finite(errors.c[j]),
            chi2=finite(chi.chi2[j]),
            df=finite(chi.df[j]),
            p=finite(chi.p[j]),
            rmsea=finite(chi.rmsea[j]),
            infit=finite(fit.infit[j]),
            outfit=finite(fit.outfit[j]),
            points=list(_points(form.curves, j)),
            neighbours=_neighbours(found.items, fit.q3_adjusted[j], j),
        )


def _points(curves: EmpiricalCurves, j: int) -> Iterator[list[float]]:
    columns = (curves.n[j], curves.observed[j], curves.expected[j], curves.error[j])
    for theta, *figures in zip(curves.theta, *columns, strict=True):
        if np.isfinite(figures).all():
            yield [round(float(value), 5) for value in (theta, *figures)]


def _neighbours(items: Sequence[str], q3: Floats, j: int) -> list[list[Any]]:
    """The items most alike it beyond ability, the closest first."""
    others = np.where(np.isfinite(q3), q3, -np.inf)
    others[j] = -np.inf
    closest = np.argsort(-others)[:NEIGHBOURS]
    return [[items[k], round(float(others[k]), 3)] for k in closest if others[k] > TOGETHER]


def save_people(run: CalibrationRun, abilities: Abilities, fit: PersonFit) -> None:
    """Store where everyone stands and how well their answers follow."""
    figures = (abilities.theta, abilities.error, fit.lz_star, fit.p, fit.u3)
    columns = [[finite(value) for value in column] for column in figures]
    people = zip(abilities.persons.tolist(), *columns, strict=True)
    fields = ("run", "registration", "theta", "error", "lz", "p", "u3")
    insert_rows(PersonMeasure, fields, ((run.pk, *person) for person in people))


@dataclass(frozen=True)
class GroupFindings:
    """One group of one grouping on one exam form. `summary` is what the run keeps of it."""

    analysis: AnalysisRun
    grouping: str
    group: str
    dif: DifAnalysis
    shrunk: Floats
    share: Floats
    regression: LogisticDif | None
    summary: Mapping[str, Any]


def save_differences(run: CalibrationRun, found: Iterable[GroupFindings]) -> None:
    """Store how every item differed for every group; nothing where a group was too small."""
    fields = (
        "run", "form_item", "grouping", "group", "delta", "error", "shrunk", "p", "ets", "share",
        "effect", "left_out",
    )  # fmt: skip
    insert_rows(GroupDifference, fields, _difference_rows(run, found))


def _difference_rows(
    run: CalibrationRun, found: Iterable[GroupFindings]
) -> Iterator[Sequence[Any]]:
    places: dict[int, dict[str, int]] = {}
    for one in found:
        form = one.analysis.form
        own = places.setdefault(form.pk, {p.item.code: p.pk for p in items_of(form)})
        dif = one.dif
        for j, code in enumerate(dif.items):
            if not np.isfinite(dif.delta[j]):
                continue
            yield (
                run.pk, own[code], one.grouping, one.group,
                finite(dif.delta[j]), finite(abs(DELTA) * dif.error[j]), finite(one.shrunk[j]),
                finite(dif.p[j]), str(dif.ets[j]), finite(one.share[j]),
                finite(one.regression.effect[j]) if one.regression else None,
                bool(dif.purified[j]),
            )  # fmt: skip
