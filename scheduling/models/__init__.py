from scheduling.models.allocation import (
    AllocationLine,
    AllocationRun,
    MoveStudy,
    Rule,
    SeedCommitment,
)
from scheduling.models.booking import AdmissionCard, Booking, BookingState
from scheduling.models.candidate import (
    Candidate,
    FormerName,
    IdentityKind,
    Institution,
    Need,
    NeedKind,
    Registration,
    RegistrationState,
    Wish,
)
from scheduling.models.duties import Duty, Proctor
from scheduling.models.sitting import (
    AccessClass,
    Exam,
    ExamForm,
    ExamSession,
    Paper,
    RoomSession,
    SeatPool,
    Sitting,
    SittingMode,
)

__all__ = [
    "AccessClass", "AdmissionCard", "AllocationLine", "AllocationRun", "Booking", "BookingState",
    "Candidate", "Duty", "Exam", "ExamForm", "ExamSession", "FormerName", "IdentityKind",
    "Institution", "MoveStudy", "Need", "NeedKind", "Paper", "Proctor", "Registration",
    "RegistrationState", "RoomSession", "Rule", "SeatPool", "SeedCommitment", "Sitting",
    "SittingMode", "Wish",
]  # fmt: skip
