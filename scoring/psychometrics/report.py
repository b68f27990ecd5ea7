"""Results as plain lists and dictionaries, under the names published for other programs.

A figure that does not exist is None. Names here are a contract: add, never rename.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any, TypeAlias

import numpy as np

from scoring.psychometrics.classical import FormAnalysis, Reliability
from scoring.psychometrics.findings import Finding
from scoring.psychometrics.flags import Flag
from scoring.psychometrics.options import OptionStatistics, option_curves
from scoring.psychometrics.parts import GroupFigures, Parts

Row: TypeAlias = dict[str, Any]


def figure(value: float) -> float | None:
    """A number, or None where there is none."""
    return float(value) if isfinite(value) else None


def reliability_row(reliability: Reliability) -> Row:
    """Figures of the whole test."""
    return {
        "persons": reliability.persons,
        "items": reliability.items,
        "mean": figure(reliability.mean),
        "sd": figure(reliability.sd),
        "alpha": figure(reliability.alpha),
        "alpha_low": figure(reliability.alpha_low),
        "alpha_high": figure(reliability.alpha_high),
        "kr20": figure(reliability.kr20),
        "kr21": figure(reliability.kr21),
        "sem": figure(reliability.sem),
    }


def classical_rows(analysis: FormAnalysis, flags: Sequence[Flag]) -> Row:
    """Everything classical about one form, by its published names."""
    return {
        "reliability": form_row(analysis),
        "scores": score_rows(analysis),
        "speed": speed_row(analysis),
        "items": item_rows(analysis, flags),
        "options": option_rows(analysis.options),
        "curves": curve_rows(analysis.options),
        "flags": flag_rows(flags),
    }


def form_row(analysis: FormAnalysis) -> Row:
    """Figures of the whole test: reliability by every road, and what the scores look like."""
    more, shape = analysis.consistency, analysis.shape
    quarters = zip(("quarter", "median", "three_quarters"), shape.quarters, strict=True)
    return reliability_row(analysis.reliability) | {
        "omega": figure(more.omega),
        "alpha_standardised": figure(more.standardised),
        "lambda6": figure(more.lambda6),
        "alpha_error": figure(more.alpha_error),
        "lowest": figure(shape.lowest),
        "highest": figure(shape.highest),
        **{name: figure(value) for name, value in quarters},
        "skew": figure(shape.skew),
        "kurtosis": figure(shape.kurtosis),
        "complete": analysis.scored.complete,
    }


def score_rows(analysis: FormAnalysis) -> list[Row]:
    """One row per raw score: how many have it, and the error of measurement there."""
    errors = analysis.error
    return [
        {
            "raw": raw,
            "people": int(people),
            "error": figure(errors[raw]) if raw < len(errors) else None,
        }
        for raw, people in enumerate(analysis.shape.frequency)
    ]


def speed_row(analysis: FormAnalysis) -> Row | None:
    """How far people came, where marks say so."""
    speed = analysis.speed
    if speed is None:
        return None
    return {
        "finished": figure(speed.finished),
        "got_three_quarters": figure(speed.got_most),
        "places_reached_by_80": speed.place,
        "quotient": figure(speed.quotient),
        "variance_ratio": figure(speed.variance_ratio),
        "speeded": speed.is_speeded,
    }


def item_rows(analysis: FormAnalysis, flags: Sequence[Flag]) -> list[Row]:
    """One row per item, with the codes of its flags."""
    statistics = analysis.items
    codes: dict[str, list[str]] = {item: [] for item in statistics.items}
    for flag in flags:
        codes[flag.item].append(flag.code.value)
    names = ("p", "mean", "sd", "item_total", "item_rest", "biserial", "upper_lower")
    return [
        {
            "item": item,
            "n": int(statistics.n[j]),
            **{name: figure(getattr(statistics, name)[j]) for name in names},
            "alpha_if_deleted": figure(statistics.alpha_if_deleted[j]),
            "omitted": figure(analysis.omitted[j]),
            "not_reached": figure(analysis.not_reached[j]),
            "counted": bool(analysis.scored.counted[j]),
            "maximum": int(analysis.scored.maximum[j]),
            "flags": codes[item],
        }
        for j, item in enumerate(statistics.items)
    ]


def curve_rows(statistics: OptionStatistics | None, groups: int = 8) -> list[Row]:
    """One row per option shown: the share choosing it in each group of raw scores, lowest first."""
    if statistics is None:
        return []
    choices = statistics.choices
    curves = option_curves(choices, groups)
    return [
        {
            "item": choices.items[j],
            "option": choices.labels[k],
            "share": [figure(value) for value in curves.share[j, k]],
        }
        for j, k in np.argwhere(choices.present)
    ]


def parts_row(found: Parts) -> Row:
    """A form by what its items ask."""
    names = ("mean", "sd", "alpha", "with_rest")
    return {
        "stratified_alpha": figure(found.stratified),
        "parts": [
            {"part": part.name, "items": part.items, "possible": part.possible}
            | {name: figure(getattr(part, name)) for name in names}
            for part in found.parts
        ],
    }


def group_rows(groups: Sequence[GroupFigures]) -> list[Row]:
    """One row per group of people."""
    return [{"group": group.name} | reliability_row(group.test) for group in groups]


def option_rows(statistics: OptionStatistics | None) -> list[Row]:
    """One row per option that was chosen or is keyed."""
    if statistics is None:
        return []
    return [
        {
            "item": row.item,
            "option": row.option,
            "is_key": row.is_key,
            "n": row.n,
            "p": figure(row.p),
            "option_total": figure(row.option_total),
            "option_rest": figure(row.option_rest),
            "mean_total": figure(row.mean_total),
            "low": figure(row.low),
            "mid": figure(row.mid),
            "high": figure(row.high),
        }
        for row in statistics.rows()
    ]


def flag_rows(flags: Sequence[Flag]) -> list[Row]:
    """One row per flag, the most urgent first, with its evidence."""
    return [
        {
            "item": flag.item,
            "flag": flag.code.value,
            "severity": flag.severity.name.lower(),
            "suggested_key": flag.suggested_key,
            "evidence": {name: figure(value) for name, value in flag.evidence.items()},
        }
        for flag in flags
    ]


def finding_rows(findings: Sequence[Finding]) -> list[Row]:
    """What the analysis has to say about its input, each once."""
    return [
        {"finding": found.code.value, "subject": found.subject or None, "count": found.count}
        for found in dict.fromkeys(findings)
    ]
