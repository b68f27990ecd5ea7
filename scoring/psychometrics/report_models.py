"""Models, people, pairs and groups under the names published for other programs; see `report`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.agreement import Agreement
from scoring.psychometrics.copying import CopyingScreen
from scoring.psychometrics.decision import Decisions
from scoring.psychometrics.dif import DifAnalysis
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.comparison import Standing
from scoring.psychometrics.irt.dif import ModelDif, ScoreEffect
from scoring.psychometrics.irt.fit import ItemFit
from scoring.psychometrics.irt.information import StandardErrors
from scoring.psychometrics.irt.item_chi2 import ItemChiSquares
from scoring.psychometrics.irt.m2 import LimitedFit
from scoring.psychometrics.irt.partial_credit import PartialCreditCalibration
from scoring.psychometrics.irt.persons import Abilities
from scoring.psychometrics.logistic_dif import LogisticDif, effect_class
from scoring.psychometrics.neighbours import Neighbours
from scoring.psychometrics.person_fit import PersonFit
from scoring.psychometrics.report import Row, figure
from scoring.psychometrics.seating import Placement


def irt_row(calibration: Calibration, errors: StandardErrors) -> Row:
    """A calibration with its items."""
    names = ("a", "b", "c", "se_a", "se_b", "se_c")
    columns = (calibration.a, calibration.b, calibration.c, errors.a, errors.b, errors.c)
    return {
        "model": calibration.model.name,
        "loglik": figure(calibration.loglik),
        "log_prior": figure(calibration.log_prior),
        "converged": calibration.converged,
        "iterations": calibration.iterations,
        "largest_change": figure(calibration.change),
        "ability_sd": figure(calibration.unit),
        "gradient_norm": figure(calibration.gradient),
        "items": _columns(calibration.items, names, columns),
    }


def _columns(
    items: Sequence[str], names: Sequence[str], columns: Sequence[NDArray[np.float64]]
) -> list[Row]:
    return [
        {"item": item, **{name: figure(value) for name, value in zip(names, values, strict=True)}}
        for item, *values in zip(items, *columns, strict=True)
    ]


def person_rows(abilities: Abilities) -> list[Row]:
    """One row per person."""
    return [
        {"person": str(person), "theta": figure(theta), "se": figure(error)}
        for person, theta, error in zip(
            abilities.persons, abilities.theta, abilities.error, strict=True
        )
    ]


def misfit_rows(rows: Sequence[Row], fit: PersonFit) -> list[Row]:
    """Rows of people with how well their answers fit the model beside."""
    names = ("lz_star", "lz_p", "u3", "infit", "outfit")
    columns = (fit.lz_star, fit.p, fit.u3, fit.infit, fit.outfit)
    more = _columns([row["person"] for row in rows], names, columns)
    return [row | {name: own[name] for name in names} for row, own in zip(rows, more, strict=True)]


def dependence_rows(items: Sequence[str], fit: ItemFit, least: float) -> list[Row]:
    """Pairs of items whose residuals correlate by more than ``least``, the most first."""
    corrected = fit.q3_adjusted
    places = np.argwhere(np.triu(np.nan_to_num(corrected), 1) > least)
    rows = [
        {
            "first": items[i],
            "second": items[j],
            "q3": figure(fit.q3[i, j]),
            "q3_adjusted": figure(corrected[i, j]),
        }
        for i, j in places
    ]
    return sorted(rows, key=lambda row: -row["q3_adjusted"])


def fit_rows(
    calibration: Calibration, fit: ItemFit, chi_squares: ItemChiSquares | None = None
) -> list[Row]:
    """One row per item: residuals, and S-X2 where it was asked for."""
    return item_fit_rows(calibration.items, fit, chi_squares)


def item_fit_rows(
    items: Sequence[str], fit: ItemFit, chi_squares: ItemChiSquares | None = None
) -> list[Row]:
    """The same for items of any number of credits."""
    names = ("infit", "outfit", "infit_z", "outfit_z")
    rows = _columns(items, names, [getattr(fit, name) for name in names])
    if chi_squares is None:
        return rows
    found = chi_squares
    names = ("s_x2", "s_x2_df", "s_x2_p", "s_x2_rmsea")
    more = _columns(items, names, (found.chi2, found.df, found.p, found.rmsea))
    return [row | other for row, other in zip(rows, more, strict=True)]


def partial_credit_fit_row(people: int, where: Standing, reliability: float) -> Row:
    """A form with items of several credits: criteria and marginal reliability, no M2."""
    return {
        "people": people,
        "reliability": figure(reliability),
        "aic": figure(where.aic),
        "bic": figure(where.bic),
        "free": where.free,
    }


def form_fit_row(found: LimitedFit, where: Standing, reliability: float) -> Row:
    """The whole form: limited-information fit, criteria, marginal reliability."""
    figures = ("m2", "p", "rmsea", "rmsea_low", "rmsea_high", "srmsr", "cfi", "tli")
    row = {name: figure(getattr(found, name)) for name in figures}
    criteria = {"aic": figure(where.aic), "bic": figure(where.bic), "free": where.free}
    return (
        {"people": found.people, "df": found.df, "reliability": figure(reliability)}
        | row
        | criteria
    )


def partial_credit_row(found: PartialCreditCalibration) -> Row:
    """A generalised partial credit calibration with its items."""
    columns = found.columns
    items = [
        {
            "item": item.item,
            "a": figure(item.a),
            "b": figure(item.b),
            "c": None,
            "se_a": figure(item.se_a),
            "se_b": None,
            "se_c": None,
            "steps": [figure(step) for step in item.steps],
            "se_steps": [figure(error) for error in item.se_steps],
            "credits": list(item.credits),
        }
        for item in found.items
    ]
    return {
        "model": columns.model.name,
        "loglik": figure(columns.loglik),
        "log_prior": figure(columns.log_prior),
        "converged": columns.converged,
        "iterations": columns.iterations,
        "largest_change": figure(columns.change),
        "ability_sd": figure(columns.unit),
        "gradient_norm": figure(columns.gradient),
        "items": items,
    }


def pair_rows(
    screening: CopyingScreen, exact: Agreement, placements: Sequence[Placement] | None
) -> list[Row]:
    """One row per pair, the most striking first. Chances of agreement are log10."""
    rows = [
        {
            "first": str(pair.first),
            "second": str(pair.second),
            "weight": figure(pair.weight),
            "p": figure(pair.p),
            "p_adjusted": figure(pair.p_adjusted),
            "omega": figure(exact.omega[at]),
            "log10_gbt": figure(exact.log10_gbt[at]),
            "log10_m4": figure(exact.log10_m4[at]),
        }
        for at, pair in enumerate(screening.pairs)
    ]
    for row, placed in zip(rows, placements or (), strict=False):
        row |= {"same_room": placed.same_room, "seat_distance": placed.distance}
    return rows


def neighbour_rows(
    listed: Neighbours,
    persons: NDArray[Any],
    exact: Agreement,
    placements: Sequence[Placement],
) -> list[Row]:
    """One row per pair that sat together and is listed, the most telling first."""
    return [
        {
            "first": str(persons[one]),
            "second": str(persons[other]),
            "log_factor": figure(listed.log_factor[at]),
            "p": figure(listed.p[at]),
            "omega": figure(exact.omega[at]),
            "log10_gbt": figure(exact.log10_gbt[at]),
            "log10_m4": figure(exact.log10_m4[at]),
            "seat_distance": placements[at].distance,
        }
        for at, (one, other) in enumerate(listed.rows)
    ]


def side_by_side_row(found: Neighbours, level: float) -> Row:
    """Of how many neighbours, against how many strangers, how many are listed if all are honest."""
    return {
        "pairs": len(found.rows),
        "strangers": found.strangers,
        "level": figure(level),
        "by_chance": figure(found.by_chance(level)),
    }


def decision_row(found: Decisions) -> Row:
    """How sure it is who passes: shares of everybody."""
    return {
        "accuracy": figure(found.accuracy),
        "consistency": figure(found.consistency),
        "kappa": figure(found.kappa),
        "false_pass": figure(found.false_pass),
        "false_fail": figure(found.false_fail),
        "effective_length": figure(found.length),
    }


def effect_row(found: ScoreEffect) -> Row:
    """What differing items together did to the focal group: raw points, and people at the cut."""
    return {
        "mean_shift": figure(found.mean_shift),
        "mean_absolute": figure(found.mean_absolute),
        "lost": figure(found.lost),
        "gained": figure(found.gained),
    }


def regression_dif_rows(found: LogisticDif) -> list[Row]:
    """One row per item, to stand beside those of ``dif_rows``."""
    columns = (found.standardised, found.chi2, found.p, found.effect)
    names = ("std_p_dif", "logistic_chi2", "logistic_p", "logistic_effect")
    rows = _columns(found.items, names, columns)
    for row, effect in zip(rows, found.effect, strict=True):
        row["logistic_class"] = effect_class(float(effect)) or None
    return rows


def model_dif_rows(found: ModelDif) -> list[Row]:
    """One row per item, to stand beside those of ``dif_rows``."""
    columns = (
        found.ratio_chi2,
        found.ratio_p,
        found.chi2,
        found.p,
        found.signed_area,
        found.area_z,
        found.area_p,
    )
    names = ("lr_chi2", "lr_p", "lord_chi2", "lord_p", "raju_area", "raju_z", "raju_p")
    rows = _columns(found.items, names, columns)
    for row, held in zip(rows, found.anchors, strict=True):
        row["anchor"] = bool(held)
    return rows


def dif_rows(dif: DifAnalysis) -> list[Row]:
    """One row per item."""
    columns = (dif.chi2, dif.p, dif.alpha, dif.delta, dif.error)
    names = ("mh_chi2", "mh_p", "mh_alpha", "mh_delta", "se_log_alpha")
    rows = _columns(dif.items, names, columns)
    for row, ets, purified in zip(rows, dif.ets, dif.purified, strict=True):
        row["ets"] = ets.value or None
        row["purified"] = bool(purified)
    return rows
