"""What a computation has to say about its own input, instead of crashing or staying silent."""

from dataclasses import dataclass
from enum import StrEnum


class FindingCode(StrEnum):
    """Why a figure does not exist, or must be read with care."""

    NO_PERSONS = "no_persons"
    ONE_PERSON = "one_person"
    NO_ITEMS = "no_items"
    ONE_ITEM = "one_item"
    NO_VARIANCE = "no_variance"
    NO_TOTAL_VARIANCE = "no_total_variance"
    ALL_OMITTED = "all_omitted"
    NEVER_ADMINISTERED = "never_administered"
    PERSON_WITHOUT_ITEMS = "person_without_items"
    INCOMPLETE_BY_DESIGN = "incomplete_by_design"
    NEVER_TOGETHER = "never_together"
    NOT_DICHOTOMOUS = "not_dichotomous"
    NOT_CONVERGED = "not_converged"
    EXTREME_SLOPE = "extreme_slope"
    SINGULAR_INFORMATION = "singular_information"
    NOT_IDENTIFIED = "not_identified"
    GROUP_TOO_SMALL = "group_too_small"
    NO_COMMON_STRATA = "no_common_strata"
    PURIFICATION_CYCLED = "purification_cycled"
    TOO_FEW_SCORES = "too_few_scores"
    SEPARATED = "separated"
    EMPTY_CATEGORY = "empty_category"
    NO_ANCHORS = "no_anchors"
    NO_CORRELATION = "no_correlation"
    NO_DEGREES_OF_FREEDOM = "no_degrees_of_freedom"
    NO_FINITE_ABILITY = "no_finite_ability"
    ODDNESS_UNKNOWN = "oddness_unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: a code, the item, group or part it concerns, and how many."""

    code: FindingCode
    subject: str = ""
    count: int = 1
