"""Questions that must be computed while a person waits. They write nothing."""

from scheduling.studies.papers import has_company
from scheduling.studies.reasons import EasierPlace, SeatReason, reason_for

__all__ = ["EasierPlace", "SeatReason", "has_company", "reason_for"]
