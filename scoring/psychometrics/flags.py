"""Which items a person must look at, and why: statistics in, flags out.

A flag is a reason to look, with the figures that raised it. Only an alarm names a better key, and
only where the lower bound of how much better it is lies above zero, after allowing for every
comparison made on the form.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.classical import FormAnalysis
from scoring.psychometrics.dif import DifAnalysis, EtsClass
from scoring.psychometrics.options import OptionStatistics
from scoring.psychometrics.rivals import Rivals, rivals


@dataclass(frozen=True)
class Limits:
    """The limits beyond which an item is flagged; the usual ones of licensing examinations."""

    p_lowest: float = 0.20
    p_highest: float = 0.95
    discrimination_to_act: float = 0.05
    discrimination_to_review: float = 0.15
    omitted_highest: float = 0.05
    not_reached_highest: float = 0.05
    distractor_correlation: float = 0.05
    second_answer_correlation: float = 0.10
    distractor_share: float = 0.02
    false_alarm_rate: float = 0.05  # of one alarm anywhere on the form, if every key is right


class FlagCode(StrEnum):
    """What is the matter with an item."""

    WRONG_KEY = "wrong_key"
    TWO_RIGHT_ANSWERS = "two_right_answers"
    NEGATIVE_DISCRIMINATION = "negative_discrimination"
    TOP_GROUP_DISAGREES = "top_group_disagrees"
    DISTRACTOR_ATTRACTS_ABLE = "distractor_attracts_able"
    VERY_LOW_DISCRIMINATION = "very_low_discrimination"
    LOW_DISCRIMINATION = "low_discrimination"
    NO_VARIANCE = "no_variance"
    TOO_HARD = "too_hard"
    TOO_EASY = "too_easy"
    OMITTED_OFTEN = "omitted_often"
    NOT_REACHED_OFTEN = "not_reached_often"
    FAVOURS_A_GROUP = "favours_a_group"


class Severity(IntEnum):
    """How urgent a flag is. An alarm stops the scoring until somebody has decided."""

    REVIEW = 1
    ACT = 2
    ALARM = 3


@dataclass(frozen=True)
class Flag:
    """One reason to look at one item, with its evidence.

    ``suggested_key``: the option that behaves like the key, if any. ``evidence``: named figures.
    """

    item: str
    code: FlagCode
    severity: Severity
    suggested_key: str | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)


def flag_items(
    analysis: FormAnalysis, limits: Limits | None = None, difs: Sequence[DifAnalysis] = ()
) -> tuple[Flag, ...]:
    """Every flag of a form: the most urgent first, then in the order of its items."""
    limits = limits or Limits()
    found = list(_difficulty_flags(analysis, limits))
    found += _discrimination_flags(analysis, limits)
    found += _missing_flags(analysis, limits)
    if analysis.options is not None:
        found += _key_flags(analysis.options, limits)
    found += _dif_flags(difs)
    place = {item: number for number, item in enumerate(analysis.items.items)}
    return tuple(sorted(found, key=lambda flag: (-flag.severity, _p(flag), place[flag.item])))


def _p(flag: Flag) -> float:
    return flag.evidence.get("p_value", 1.0) if flag.severity is Severity.ALARM else 1.0


def _difficulty_flags(analysis: FormAnalysis, limits: Limits) -> Iterator[Flag]:
    items = analysis.items
    for item, p in zip(items.items, items.p, strict=True):
        if p < limits.p_lowest:
            yield Flag(item, FlagCode.TOO_HARD, Severity.REVIEW, evidence={"p": float(p)})
        if p > limits.p_highest:
            yield Flag(item, FlagCode.TOO_EASY, Severity.REVIEW, evidence={"p": float(p)})


def _discrimination_flags(analysis: FormAnalysis, limits: Limits) -> Iterator[Flag]:
    items = analysis.items
    for item, correlation, sd in zip(items.items, items.item_rest, items.sd, strict=True):
        evidence = {"item_rest": float(correlation)}
        if sd == 0:
            yield Flag(item, FlagCode.NO_VARIANCE, Severity.REVIEW, evidence={"sd": 0.0})
        elif correlation < 0:
            yield Flag(item, FlagCode.NEGATIVE_DISCRIMINATION, Severity.ACT, evidence=evidence)
        elif correlation < limits.discrimination_to_act:
            yield Flag(item, FlagCode.VERY_LOW_DISCRIMINATION, Severity.ACT, evidence=evidence)
        elif correlation < limits.discrimination_to_review:
            yield Flag(item, FlagCode.LOW_DISCRIMINATION, Severity.REVIEW, evidence=evidence)


def _missing_flags(analysis: FormAnalysis, limits: Limits) -> Iterator[Flag]:
    for item, omitted, late in zip(
        analysis.items.items, analysis.omitted, analysis.not_reached, strict=True
    ):
        if omitted > limits.omitted_highest:
            evidence = {"omitted": float(omitted)}
            yield Flag(item, FlagCode.OMITTED_OFTEN, Severity.REVIEW, evidence=evidence)
        if late > limits.not_reached_highest:
            evidence = {"not_reached": float(late)}
            yield Flag(item, FlagCode.NOT_REACHED_OFTEN, Severity.REVIEW, evidence=evidence)


def _key_flags(options: OptionStatistics, limits: Limits) -> Iterator[Flag]:
    measured = rivals(options.choices)
    compared = int(np.isfinite(measured.gap).sum())
    level = limits.false_alarm_rate / max(compared, 1)
    for j in range(len(options.choices.items)):
        if np.isfinite(measured.correlation[j]).any():
            flag = _key_flag(options, measured, j, level, limits)
            if flag is not None:
                yield flag


def _key_flag(
    options: OptionStatistics, measured: Rivals, j: int, level: float, limits: Limits
) -> Flag | None:
    """The gravest thing to say about the key of one item, or nothing.

    ``gap_low``: one-sided lower bound of the gap, at the ``level`` left to each comparison.
    """
    k = int(np.nanargmax(measured.correlation[j]))
    correlation, common = measured.correlation[j, k], options.p[j, k] >= limits.distractor_share
    p_gap, p_own = measured.p_of_gap()[j, k], measured.p_of_correlation()[j, k]
    gap_low = measured.gap[j, k] - stats.norm.isf(level) * measured.gap_error[j, k]
    significant = p_own < level and correlation >= limits.distractor_correlation and common
    if significant and gap_low > 0:
        code, severity, p_value = FlagCode.WRONG_KEY, Severity.ALARM, p_gap
    elif significant and correlation >= limits.second_answer_correlation:
        code, severity, p_value = FlagCode.TWO_RIGHT_ANSWERS, Severity.ACT, p_own
    elif _top_group_disagrees(options, j, k):
        code, severity, p_value = FlagCode.TOP_GROUP_DISAGREES, Severity.REVIEW, p_gap
    elif correlation >= limits.distractor_correlation and common:
        code, severity, p_value = FlagCode.DISTRACTOR_ATTRACTS_ABLE, Severity.REVIEW, p_own
    else:
        return None
    figures = {"gap_low": float(gap_low), "p_value": float(p_value)}
    evidence = _key_evidence(options, measured, j, k) | figures
    return Flag(options.choices.items[j], code, severity, options.choices.labels[k], evidence)


def _top_group_disagrees(options: OptionStatistics, j: int, k: int) -> bool:
    return bool(options.upper[j, k] > _of_key(options.upper, options, j))


def _key_evidence(options: OptionStatistics, measured: Rivals, j: int, k: int) -> dict[str, float]:
    return {
        "option_rest": float(measured.correlation[j, k]),
        "key_rest": float(measured.correlation[j, k] - measured.gap[j, k]),
        "gap": float(measured.gap[j, k]),
        "gap_error": float(measured.gap_error[j, k]),
        "chosen_by": float(options.p[j, k]),
        "upper_share": float(options.upper[j, k]),
        "upper_share_of_key": _of_key(options.upper, options, j),
    }


def _of_key(shares: NDArray[np.float64], options: OptionStatistics, j: int) -> float:
    return float(shares[j, options.choices.is_key[j]].sum())


def _dif_flags(difs: Sequence[DifAnalysis]) -> Iterator[Flag]:
    """One flag for each item that favours a group, with the figures of the group it favours most
    or least."""
    worst: dict[str, Flag] = {}
    for dif in difs:
        for j, item in enumerate(dif.items):
            if dif.ets[j] is not EtsClass.C:
                continue
            evidence = {
                "mh_delta": float(dif.delta[j]),
                "mh_chi2": float(dif.chi2[j]),
                "p_value": float(dif.p[j]),
            }
            known = worst.get(item)
            if known is None or abs(known.evidence["mh_delta"]) < abs(evidence["mh_delta"]):
                worst[item] = Flag(item, FlagCode.FAVOURS_A_GROUP, Severity.ACT, evidence=evidence)
    yield from worst.values()
