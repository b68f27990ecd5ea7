"""Questions about money: what one person owes, what a file held, whether the books add up."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from scheduling.models import (
    AssignedPayment,
    Fee,
    FeeState,
    Payment,
    PaymentFile,
    PaymentOutcome,
    Refund,
    RefundState,
    Registration,
    Sitting,
)


def fee_of(registration: Registration) -> Fee | None:
    """The newest fee of a registration, in force or not."""
    return registration.fees.order_by("-pk").first()


def refunds_of(registration: Registration) -> QuerySet[Refund]:
    """What goes or went back to one registration, the oldest first."""
    payments = Payment.objects.filter(fee__registration=registration) | Payment.objects.filter(
        assigned__fee__registration=registration
    )
    return Refund.objects.filter(payment__in=payments.values("pk")).select_related("payment")


def payments_in(file: PaymentFile) -> QuerySet[Payment]:
    """The payments of a file with the fee and person they belong to, in the order of the file."""
    return file.payments.select_related("fee__registration__candidate", "assigned__fee").order_by(
        "line"
    )


def outcomes_of(file: PaymentFile) -> Counter[str]:
    """How many payments of a file there are of each outcome."""
    return Counter(file.payments.values_list("outcome", flat=True))


def unknown_payments() -> QuerySet[Payment]:
    """Payments of unknown reference that nobody has decided yet."""
    return Payment.objects.filter(
        outcome=PaymentOutcome.UNKNOWN, assigned=None, refunds=None
    ).select_related("file")


def refunds_due() -> QuerySet[Refund]:
    """What is still to be sent back, the oldest first."""
    due = Refund.objects.filter(state=RefundState.DUE)
    return due.select_related("payment__fee__registration__candidate").order_by("pk")


@dataclass(frozen=True)
class Books:
    """All money that the bank told us of, in satang. `is_balanced` must hold at every moment."""

    received: int
    counted: int  # to fees that stand
    refunded: int  # sent or to be sent
    undecided: int  # of unknown reference
    due: int  # asked for and not paid yet

    @property
    def is_balanced(self) -> bool:
        return self.received == self.counted + self.refunded + self.undecided


def books() -> Books:
    """Every satang received, and where it is."""
    received = _sum(PaymentFile.objects.all(), "total")
    ended = [FeeState.LAPSED, FeeState.CANCELLED, FeeState.WAIVED]
    direct = Payment.objects.exclude(fee__state__in=ended)
    assigned = AssignedPayment.objects.exclude(fee__state__in=ended)
    fees = Fee.objects.filter(state=FeeState.DUE)
    return Books(
        received=received,
        counted=_sum(direct, "counted") + _sum(assigned, "counted"),
        refunded=_sum(Refund.objects.all(), "amount"),
        undecided=_sum(unknown_payments(), "amount"),
        due=_sum(fees, "amount") - _sum(fees, "paid"),
    )


@dataclass(frozen=True)
class FeePicture:
    """The fees of one sitting by state: how many."""

    due: int
    paid: int
    lapsed: int
    cancelled: int
    waived: int


def fee_picture(sitting: Sitting) -> FeePicture:
    """How many fees of a sitting are in each state."""
    states = Counter(
        Fee.objects.filter(registration__sitting=sitting).values_list("state", flat=True)
    )
    return FeePicture(**{state: states.get(state, 0) for state in FeeState.values})


def _sum(rows: "QuerySet[PaymentFile] | QuerySet[Payment] | QuerySet[AssignedPayment] | "
         "QuerySet[Refund] | QuerySet[Fee]", field: str) -> int:  # fmt: skip
    total: int = rows.aggregate(sum=Sum(field))["sum"] or 0
    return total
