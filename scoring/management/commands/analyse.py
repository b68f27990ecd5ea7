"""Analyse answers in plain files: no database, no settings of an examination."""

import hashlib
import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override
from numpy.typing import NDArray

from scoring.psychometrics import report, report_models
from scoring.psychometrics.agreement import Correction
from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.classical import FormAnalysis, analyse, analyse_scores
from scoring.psychometrics.copying import screen_copying
from scoring.psychometrics.decision import NOTHING_DECIDED, Decisions, livingston_lewis
from scoring.psychometrics.dif import DifAnalysis, purified_mantel_haenszel
from scoring.psychometrics.distributions import count_scores
from scoring.psychometrics.findings import Finding
from scoring.psychometrics.flags import flag_items
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.comparison import standing
from scoring.psychometrics.irt.curves import marginal_reliability
from scoring.psychometrics.irt.dif import lord_raju, score_effect
from scoring.psychometrics.irt.fit import item_fit
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.information import standard_errors
from scoring.psychometrics.irt.item_chi2 import s_x2
from scoring.psychometrics.irt.m2 import m2
from scoring.psychometrics.irt.models import ItemModel, TwoParameter
from scoring.psychometrics.irt.partial_credit import calibrate_partial_credit
from scoring.psychometrics.irt.partial_credit_fit import (
    partial_credit_item_fit,
    partial_credit_reliability,
    partial_credit_s_x2,
)
from scoring.psychometrics.irt.persons import Abilities, expected_a_posteriori
from scoring.psychometrics.irt.points import (
    maximum_a_posteriori,
    maximum_likelihood,
    weighted_likelihood,
)
from scoring.psychometrics.irt.rasch import OneParameter, Rasch
from scoring.psychometrics.irt.sums import by_sum_score
from scoring.psychometrics.keying import ScoredMatrix, score
from scoring.psychometrics.logistic_dif import purified_logistic_dif
from scoring.psychometrics.neighbours import listing_level, weigh_neighbours
from scoring.psychometrics.parts import by_group, parts_of
from scoring.psychometrics.person_fit import person_fit
from scoring.psychometrics.seating import place_pairs
from scoring.psychometrics.similarity import examine_pairs
from scoring.psychometrics.tables import (
    TableError,
    read_groups,
    read_key,
    read_parts,
    read_people,
    read_responses,
    read_scores,
    read_seats,
)
from scoring.reports.page import page_of
from scoring.reports.words import fault_words
from scoring.reports.workbook import write_workbook

PARTIAL_CREDIT = "gpcm"
TOGETHER = 0.2  # corrected Q3 above which two items share more than ability
READABLE = 100  # honest neighbours that a list is allowed to expect
MODELS: dict[str, ItemModel] = {
    model.name: model for model in (Rasch(), OneParameter(), TwoParameter(), ThreeParameter())
}
PERSONS: dict[str, Callable[[ScoredMatrix, Calibration], Abilities]] = {
    "eap": expected_a_posteriori,
    "map": maximum_a_posteriori,
    "ml": maximum_likelihood,
    "wle": weighted_likelihood,
    "sum": by_sum_score,
}


class Command(BaseCommand):
    help = "Analyse a CSV file of answers or scores: items, options, reliability, IRT, flags."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--responses", type=Path, required=True, help="CSV: person, then one column per item")
        add("--key", type=Path, help="CSV: item, key. Without it the cells are scores")
        add("--model", choices=[*MODELS, PARTIAL_CREDIT], default="2pl")
        add("--persons", choices=PERSONS, help="also write the ability of every person")
        add("--fit", action="store_true", help="also write the fit of items and form")
        add("--groups", type=Path, help="CSV: person and --group-column, to compare groups")
        add("--group-column", help="the column of --groups that tells the groups apart")
        add("--focal", help="its value for the focal group")
        add("--dif", action="store_true", help="compare the groups by every method, not one")
        add("--cut", type=int, help="raw score from which people pass: how sure that is")
        add("--similarity", action="store_true", help="also look for answers too much alike")
        add("--seats", type=Path, help="CSV: person, room, and row with column, or seat")
        add("--json", type=Path, help="where to write everything; a summary is always printed")
        add("--xlsx", type=Path, help="the same as a workbook whose figures are formulas")
        add("--html", type=Path, help="the same as one page with option curves, for a browser")
        spoken = "of the page, of the workbook, and of what is wrong with a file"
        add("--language", choices=("en", "th"), default="en", help=spoken)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dif"] and (options["groups"] is None or options["focal"] is None):
            raise CommandError("--dif needs --groups, --group-column and --focal.")
        if options["persons"] == "sum" and options["model"] == PARTIAL_CREDIT:
            raise CommandError("--persons sum is for items that are right or wrong.")
        if options["similarity"] and options["key"] is None:
            raise CommandError("--similarity needs answers and --key.")
        try:
            result = self._result(options)
        except TableError as error:
            where = error.path.name, error.row, error.column
            with override(options["language"]):
                told = fault_words(*where, error.sentence, error.facts)
            raise CommandError(told) from None
        with override(options["language"]):
            _write_all(result, options)
        self.stdout.write("\n".join(summary(result)))

    def _result(self, options: dict[str, Any]) -> dict[str, Any]:
        """Everything that was asked for, under its published names."""
        responses, key = options["responses"], options["key"]
        analysis = load(responses, key)
        dif = compare_groups(analysis, options["groups"], options["group_column"], options["focal"])
        model, persons, fit = options["model"], options["persons"], options["fit"]
        if model == PARTIAL_CREDIT:
            result = partial_credit_result(analysis, persons, dif, fit)
        else:
            result = result_of(analysis, dif, model, persons, fit)
        if key is not None:
            add_parts(result, analysis, key)
        if options["groups"] is not None:
            add_groups(result, analysis, options["groups"], options["group_column"])
        if options["cut"] is not None:
            decided = decisions_at(analysis, options["cut"])
            result["decision"] = report_models.decision_row(decided)
            _tell(result, decided.findings)
        if options["dif"]:
            focal = _focal(analysis, options)
            compare_by_all(result, analysis.scored, focal, options["cut"])
        if options["similarity"]:
            result |= pairs_of(responses, key, options["seats"])
        return result | {"made": made_of(options)}


def _write_all(result: dict[str, Any], options: dict[str, Any]) -> None:
    if options["json"] is not None:
        whole = json.dumps(result, ensure_ascii=False, allow_nan=False, indent=1)
        write(options["json"], lambda path: path.write_text(whole, encoding="utf-8"))
    if options["xlsx"] is not None:
        write(options["xlsx"], lambda path: write_workbook(result, path))
    if options["html"] is not None:
        page = page_of(result)
        write(options["html"], lambda path: path.write_text(page, encoding="utf-8"))


def made_of(options: dict[str, Any]) -> dict[str, Any]:
    """What the figures were made from, so that anyone can make them again."""
    made: dict[str, Any] = {"program": f"sanamsob {_version()}"}
    for name in ("responses", "key", "groups", "seats"):
        path = options[name]
        if path is not None:
            made[name] = path.name
            made[f"{name}_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    asked = ("model", "persons", "fit", "group_column", "focal", "dif", "cut", "similarity")
    return made | {name: options[name] for name in asked if options[name]}


def _version() -> str:
    try:
        return version("sanamsob")
    except PackageNotFoundError:
        return "from source"


def add_parts(result: dict[str, Any], analysis: FormAnalysis, key: Path) -> None:
    """The form by parts, where the key file has a column `part`."""
    names = read_parts(key, analysis.scored.items)
    if names is not None:
        found = parts_of(analysis.scored, names)
        result["parts"] = report.parts_row(found)
        _tell(result, found.findings)


def add_groups(result: dict[str, Any], analysis: FormAnalysis, groups: Path, column: str) -> None:
    """Each group by itself: centres, modes, languages, whatever the column holds."""
    names = [cells[0] for cells in read_people(groups, (column,), analysis.scored.persons)]
    found = by_group(analysis.scored, names)
    result["groups"] = report.group_rows(found)
    _tell(result, [finding for group in found for finding in group.findings])


def _tell(result: dict[str, Any], findings: Sequence[Finding]) -> None:
    """Add what was found later, each once."""
    told = result["findings"]
    told += [row for row in report.finding_rows(findings) if row not in told]


def _focal(analysis: FormAnalysis, options: dict[str, Any]) -> NDArray[np.bool_]:
    column, focal = options["group_column"], options["focal"]
    return read_groups(options["groups"], column, analysis.scored.persons, focal)


def partial_credit_result(
    analysis: FormAnalysis,
    persons: str | None,
    dif: DifAnalysis | None = None,
    fit: bool = False,
) -> dict[str, Any]:
    """As ``result_of``, for items of several credits."""
    flags = flag_items(analysis, difs=[dif] if dif else [])
    found = calibrate_partial_credit(analysis.scored)
    result: dict[str, Any] = {
        **report.classical_rows(analysis, flags),
        "irt": report_models.partial_credit_row(found),
    }
    findings = [*analysis.findings, *found.findings]
    if persons is not None:
        placed = PERSONS[persons](found.scored_columns, found.columns)
        result["persons"] = report_models.person_rows(placed)
        findings += placed.findings
    if fit:
        residuals = partial_credit_item_fit(analysis.scored, found)
        tested = partial_credit_s_x2(analysis.scored, found)
        result["fit"] = report_models.item_fit_rows(analysis.scored.items, residuals, tested)
        result["form_fit"] = report_models.partial_credit_fit_row(
            tested.people,
            standing(found.scored_columns, found.columns),
            partial_credit_reliability(found),
        )
        findings += tested.findings
    if dif is not None:
        result["dif"] = report_models.dif_rows(dif)
        findings += dif.findings
    return result | {"findings": report.finding_rows(findings)}


def decisions_at(analysis: FormAnalysis, cut: int) -> Decisions:
    """How sure it is who passes, of a form that everybody took whole."""
    scored, reliability = analysis.scored, analysis.reliability.alpha
    if not len(scored.persons) or not scored.complete:
        return NOTHING_DECIDED
    highest = int(scored.maximum[scored.counted].sum())
    return livingston_lewis(count_scores(scored.total, highest), reliability, cut)


def compare_by_all(
    result: dict[str, Any], scored: ScoredMatrix, focal: NDArray[np.bool_], cut: int | None = None
) -> None:
    """Add regression, standardisation and model to the rows of Mantel-Haenszel.

    With a ``cut``, what the differing items together did to the scores of the focal group.
    """
    logistic, model = purified_logistic_dif(scored, focal), lord_raju(scored, focal)
    more = report_models.regression_dif_rows(logistic), report_models.model_dif_rows(model)
    rows = zip(result["dif"], *more, strict=True)
    result["dif"] = [row | one | other for row, one, other in rows]
    _tell(result, [*logistic.findings, *model.findings])
    if cut is not None and np.isfinite(model.population).all():
        result["score_effect"] = report_models.effect_row(score_effect(scored, focal, model, cut))


def pairs_of(responses: Path, key_file: Path, seats_file: Path | None) -> dict[str, Any]:
    """Pairs whose answers agree more than ability explains, at 5 % of false discoveries.

    Where seats are known, beside them those who sat together, up to ``listing_level``.
    """
    matrix = read_responses(responses)
    key = read_key(key_file, matrix.items)
    scored = score(matrix, key)
    asked = matrix, scored, count_choices(matrix, scored, key)
    people = len(matrix.persons)
    far = screen_copying(
        *asked, np.zeros(people), level=0.05, correction=Correction.BENJAMINI_HOCHBERG
    )
    rows = [pair.rows for pair in far.pairs]
    tested = examine_pairs(*asked, rows)
    if seats_file is None:
        return {"pairs": report_models.pair_rows(far, tested, None)}
    seats = read_seats(seats_file, matrix.persons)
    near = weigh_neighbours(*asked, seats, seed=0)
    level = listing_level(people * (people - 1) // 2, len(near.rows), READABLE)
    listed = near.up_to(level)
    beside = [(int(one), int(other)) for one, other in listed.rows]
    return {
        "pairs": report_models.pair_rows(far, tested, place_pairs(rows, seats)),
        "neighbours": report_models.neighbour_rows(
            listed, matrix.persons, examine_pairs(*asked, beside), place_pairs(beside, seats)
        ),
        "side_by_side": report_models.side_by_side_row(near, level),
    }


def load(responses: Path, key: Path | None) -> FormAnalysis:
    """Read and analyse: answers by a key, or scores as they stand."""
    if key is None:
        return analyse_scores(read_scores(responses))
    matrix = read_responses(responses)
    return analyse(matrix, read_key(key, matrix.items))


def compare_groups(
    analysis: FormAnalysis, groups: Path | None, column: str | None, focal: str | None
) -> DifAnalysis | None:
    """Differential functioning between the focal group and everybody else, if asked for."""
    if groups is None:
        return None
    if not column:
        raise CommandError("--groups needs --group-column.")
    if focal is None:
        return None
    members = read_groups(groups, column, analysis.scored.persons, focal)
    return purified_mantel_haenszel(analysis.scored, members)


def result_of(
    analysis: FormAnalysis,
    dif: DifAnalysis | None,
    model: str = "2pl",
    persons: str | None = None,
    fit: bool = False,
) -> dict[str, Any]:
    """Everything the command writes, under its published names."""
    scored, flags = analysis.scored, flag_items(analysis, difs=[dif] if dif else [])
    calibration = calibrate(scored, MODELS[model])
    errors = standard_errors(scored, calibration)
    findings = [*analysis.findings, *calibration.findings, *errors.findings]
    result: dict[str, Any] = {
        **report.classical_rows(analysis, flags),
        "irt": report_models.irt_row(calibration, errors),
    }
    if persons is not None:
        placed = PERSONS[persons](scored, calibration)
        result["persons"] = report_models.person_rows(placed)
        findings += placed.findings
    if fit:
        chi_squares, form = s_x2(scored, calibration), m2(scored, calibration)
        residuals = item_fit(scored, calibration)
        result["fit"] = report_models.fit_rows(calibration, residuals, chi_squares)
        result["form_fit"] = report_models.form_fit_row(
            form, standing(scored, calibration), marginal_reliability(calibration)
        )
        result["dependence"] = report_models.dependence_rows(calibration.items, residuals, TOGETHER)
        if persons is not None:
            odd = person_fit(scored, calibration, weighted_likelihood(scored, calibration))
            result["persons"] = report_models.misfit_rows(result["persons"], odd)
            findings += odd.findings
        findings += [*chi_squares.findings, *form.findings]
    if dif is not None:
        result["dif"] = report_models.dif_rows(dif)
        findings += dif.findings
    return result | {"findings": report.finding_rows(findings)}


def write(path: Path, work: Callable[[Path], object]) -> None:
    """Write all of the file or none of it."""
    unfinished = path.with_name(path.name + ".part")
    try:
        work(unfinished)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise CommandError(f"{path} cannot be written ({error.strerror}).") from None


def summary(result: dict[str, Any]) -> Iterator[str]:
    """A few lines for a person: the test, the model, the alarms, what to know of the input."""
    test, irt = result["reliability"], result["irt"]
    yield f"{test['persons']} persons, {test['items']} items"
    yield f"alpha {_short(test['alpha'])}, standard error of measurement {_short(test['sem'])}"
    ended = "converged" if irt["converged"] else "NOT converged"
    yield f"{irt['model']}: log-likelihood {_short(irt['loglik'])}, {ended} in {irt['iterations']}"
    yield f"{len(result['flags'])} flags"
    for flag in result["flags"]:
        if flag["severity"] == "alarm":
            yield f"ALARM {flag['item']}: {flag['flag']}, better key {flag['suggested_key']}"
    for finding in result["findings"]:
        subject = f" {finding['subject']}" if finding["subject"] else ""
        yield f"finding: {finding['finding']}{subject} ({finding['count']})"


def _short(value: float | None) -> str:
    return "none" if value is None else f"{value:.4f}"
