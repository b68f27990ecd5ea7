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
    ExamLanguage,
    FormerName,
    IdentityKind,
    Institution,
    Need,
    NeedKind,
    Registration,
    RegistrationState,
    TakenPaper,
    Wish,
)
from scheduling.models.duties import Duty, Proctor, ProctorAbsence, Relative
from scheduling.models.fees import (
    AssignedPayment,
    Fee,
    FeeRule,
    FeeState,
    Payment,
    PaymentFile,
    PaymentOutcome,
    Refund,
    RefundReason,
    RefundState,
)
from scheduling.models.queue import QueueOpening, QueuePace, QueuePlace
from scheduling.models.requests import (
    Application,
    ApplicationState,
    ArrangementRequest,
    Document,
    RequestState,
)
from scheduling.models.seat_requests import Company, RefusedSession, SeatRequest
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
from scheduling.models.waiting import (
    OfferState,
    SeatOffer,
    WaitedPool,
    WaitingEntry,
    WaitScope,
    WaitState,
)

__all__ = [
    "AccessClass", "AdmissionCard", "AllocationLine", "AllocationRun", "Application",
    "ApplicationState", "ArrangementRequest", "AssignedPayment", "Booking", "BookingState",
    "Candidate", "Company", "Document", "Duty", "Exam", "ExamForm", "ExamLanguage",
    "ExamSession", "Fee", "FeeRule",
    "FeeState", "FormerName", "IdentityKind", "Institution", "MoveStudy", "Need", "NeedKind",
    "OfferState", "Paper", "Payment", "PaymentFile", "PaymentOutcome", "Proctor", "ProctorAbsence",
    "QueueOpening", "QueuePace", "QueuePlace", "Refund", "RefundReason", "RefundState",
    "RefusedSession", "Registration", "RegistrationState", "Relative", "RequestState",
    "RoomSession", "Rule", "SeatOffer", "SeatPool", "SeatRequest", "SeedCommitment", "Sitting",
    "SittingMode", "TakenPaper", "WaitScope", "WaitState", "WaitedPool", "WaitingEntry", "Wish",
]  # fmt: skip
