"""Questions that must be computed while a person waits. They write nothing."""

from scheduling.studies.reasons import EasierPlace, SeatReason, has_company, reason_for

__all__ = ["EasierPlace", "SeatReason", "has_company", "reason_for"]
