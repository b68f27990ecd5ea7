"""Fees: due with the booking, paid by bank, counted to the satang; what is not owed goes back.

A payment is entered once, as the bank wrote it, and every satang of it is either counted to a fee
or refunded, or waits under "unknown" for a person. Nobody loses a seat for a payment that nobody
has looked for: a fee lapses only when the bank's newest file reaches beyond its last hour.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from centres.common.audit import record
from centres.models import User
from centres.templatetags.exam_text import baht
from scheduling.actions.places import end_bookings, live_bookings, lock_pools
from scheduling.actions.waiting import offer_after_commit
from scheduling.booking_errors import (
    FeeWrong,
    NoFeeDue,
    PaymentNotUnknown,
    PaymentsReadBefore,
    ReasonMissing,
    RefundSent,
    TransferNumberMissing,
)
from scheduling.letters import tell
from scheduling.models import (
    AssignedPayment,
    BookingState,
    Fee,
    FeeRule,
    FeeState,
    Payment,
    PaymentFile,
    PaymentOutcome,
    Refund,
    RefundReason,
    RefundState,
    Registration,
    Sitting,
)
from scheduling.queries.pools import pools_of

IN_FORCE = [FeeState.DUE, FeeState.PAID, FeeState.WAIVED]


# --- what is due -------------------------------------------------------------------------------


def set_fee(
    *, sitting: Sitting, amount: int, hours_to_pay: int, by: User | None, at: datetime
) -> FeeRule:
    """What a sitting costs in satang, for fees that become due from now on. Raises FeeWrong."""
    if amount <= 0 or hours_to_pay <= 0:
        raise FeeWrong
    with transaction.atomic():
        rule, _made = FeeRule.objects.update_or_create(
            sitting=sitting, defaults={"amount": amount, "hours_to_pay": hours_to_pay}
        )
        record("set_fee", target=sitting, by=by, at=at, amount=amount, hours_to_pay=hours_to_pay)
    return rule


def owe_fees(people: dict[int, Registration], at: datetime) -> None:
    """Fees of registrations that have just confirmed a seat; whoever owes one already keeps it.

    A step of `confirm_seats`, in its transaction and under its locks.
    """
    rules = FeeRule.objects.filter(sitting__in={one.sitting_id for one in people.values()})
    by_sitting = {rule.sitting_id: rule for rule in rules}
    if not by_sitting:
        return
    before = Fee.objects.filter(registration__in=people).values_list("registration_id", "state")
    in_force = {key for key, state in before if state in IN_FORCE}
    serials = Counter(key for key, _state in before)
    Fee.objects.bulk_create(
        _fee_of(person, by_sitting[person.sitting_id], serials[key] + 1, at)
        for key, person in people.items()
        if key not in in_force and person.sitting_id in by_sitting
    )


def _fee_of(person: Registration, rule: FeeRule, serial: int, at: datetime) -> Fee:
    """What is due; before the last day to change seats, or for a seat given after it, in full."""
    due_at, freezes_at = at + timedelta(hours=rule.hours_to_pay), person.sitting.freezes_at
    return Fee(
        registration=person, reference=f"{person.number}{serial:03d}", amount=rule.amount,
        made_at=at, due_at=due_at if at >= freezes_at else min(due_at, freezes_at),
    )  # fmt: skip


def drop_fee(registration: Registration, at: datetime) -> None:
    """The seat was given back, so nothing is owed: what was paid is to be refunded.

    A step of the actions that end the last booking, in their transaction and under their lock.
    """
    for fee in registration.fees.select_for_update().filter(state__in=IN_FORCE):
        _end_fee(fee, FeeState.CANCELLED, RefundReason.CANCELLED, at)


def waive_fee(*, registration: Registration, by: User | None, at: datetime, reason: str) -> Fee:
    """Ask for nothing more; what was paid towards it goes back. Raises NoFeeDue, ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        fee = registration.fees.select_for_update().filter(state=FeeState.DUE).first()
        if fee is None:
            raise NoFeeDue
        _end_fee(fee, FeeState.WAIVED, RefundReason.CANCELLED, at)
        record("waive_fee", target=fee, by=by, at=at, reason=reason)
    return fee


def lapse_unpaid(*, sitting: Sitting, by: User | None, at: datetime) -> int:
    """Give up the seats of fees not paid in time; how many. The seats go to the waiting list.

    Only fees that were due before the end of the bank's newest file: a payment that the bank has
    not told us of yet costs nobody his seat.
    """
    known = PaymentFile.objects.aggregate(until=Max("covers_until"))["until"]
    if known is None:
        return 0
    late = Fee.objects.filter(
        registration__sitting=sitting, state=FeeState.DUE, due_at__lte=min(known, at)
    )
    lapsed = 0
    for key in list(late.order_by("pk").values_list("pk", flat=True)):
        lapsed += _lapse(key, by, at)
    return lapsed


def _lapse(key: int, by: User | None, at: datetime) -> bool:
    with transaction.atomic():
        owner = Fee.objects.values_list("registration", flat=True).get(pk=key)
        registration = Registration.objects.select_for_update().get(pk=owner)
        fee = Fee.objects.select_for_update().get(pk=key)
        if fee.state != FeeState.DUE or fee.due_at > at:
            return False  # paid while we came to it
        bookings = live_bookings(registration)
        pools = pools_of(bookings)
        lock_pools(pools)
        seats = end_bookings(bookings, BookingState.LAPSED, at)
        _end_fee(fee, FeeState.LAPSED, RefundReason.UNPAID, at)
        registration.admission_cards.filter(withdrawn_at=None).update(
            withdrawn_at=at, reason="unpaid"
        )
        record("lapse_unpaid", target=fee, by=by, at=at, seats=seats, missing=fee.missing)
        offer_after_commit(pools, at)
    return True


def _end_fee(fee: Fee, state: FeeState, reason: RefundReason, at: datetime) -> None:
    """A fee ends without its money: what was counted to it goes back, payment by payment."""
    for payment in fee.payments.filter(counted__gt=0):
        _refund(payment, payment.counted, reason, at)
    for assigned in fee.assigned_payments.filter(counted__gt=0).select_related("payment"):
        _refund(assigned.payment, assigned.counted, reason, at)
    fee.state, fee.settled_at = state, at
    fee.save(update_fields=["state", "settled_at"])


# --- what was paid -----------------------------------------------------------------------------


@dataclass(frozen=True)
class BankLine:
    """One payment as the bank wrote it; `amount` in satang."""

    line: int
    bank_reference: str
    reference: str
    paid_at: datetime
    amount: int


@dataclass(frozen=True)
class BankFile:
    """A file of payments, read and without faults."""

    name: str
    digest: str
    covers_until: datetime
    lines: Sequence[BankLine]


def enter_payments(*, file: BankFile, by: User | None, at: datetime) -> PaymentFile:
    """Enter all payments of a file, or none. A line entered before in another file is left out.

    Raises PaymentsReadBefore for the same file again.
    """
    with transaction.atomic():
        _refuse_again(file)
        known = set(
            Payment.objects.filter(
                bank_reference__in=[line.bank_reference for line in file.lines]
            ).values_list("bank_reference", flat=True)
        )
        fresh = [line for line in file.lines if line.bank_reference not in known]
        entered = PaymentFile.objects.create(
            name=file.name, digest=file.digest, covers_until=file.covers_until, rows=len(fresh),
            total=sum(line.amount for line in fresh), read_at=at, read_by=by,
        )  # fmt: skip
        fees = _locked_fees({line.reference for line in fresh})
        outcomes = [_enter(entered, line, fees.get(line.reference), at) for line in fresh]
        record(
            "enter_payments", target=entered, by=by, at=at, rows=len(fresh), total=entered.total,
            entered_before=len(known), digest=file.digest,
            **{outcome: outcomes.count(outcome) for outcome in PaymentOutcome.values},
        )  # fmt: skip
    return entered


def _refuse_again(file: BankFile) -> None:
    before = PaymentFile.objects.filter(digest=file.digest).first()
    if before is not None:
        raise PaymentsReadBefore(name=before.name, at=before.read_at)


def _locked_fees(references: set[str]) -> dict[str, Fee]:
    """The fees of some references, locked in the order of their keys."""
    rows = Fee.objects.select_for_update().filter(reference__in=references).order_by("pk")
    return {fee.reference: fee for fee in rows}


def _enter(file: PaymentFile, line: BankLine, fee: Fee | None, at: datetime) -> str:
    """One payment: what it is, what of it counts, what goes back."""
    outcome, counted = _judge(line.amount, fee)
    payment = Payment.objects.create(
        file=file, line=line.line, bank_reference=line.bank_reference, reference=line.reference,
        paid_at=line.paid_at, amount=line.amount, fee=fee, counted=counted, outcome=outcome,
    )  # fmt: skip
    if fee is not None:
        _count(fee, counted, at)
    if outcome in _REFUNDED:
        _refund(payment, line.amount - counted, _REFUNDED[outcome], at)
    return outcome


_REFUNDED = {
    PaymentOutcome.OVER: RefundReason.OVER,
    PaymentOutcome.DUPLICATE: RefundReason.DUPLICATE,
    PaymentOutcome.LATE: RefundReason.LATE,
}


def _judge(amount: int, fee: Fee | None) -> tuple[PaymentOutcome, int]:
    """What a payment is to a fee as it stands, and how many satang of it count."""
    if fee is None:
        return PaymentOutcome.UNKNOWN, 0
    if fee.state in (FeeState.PAID, FeeState.WAIVED):
        return PaymentOutcome.DUPLICATE, 0
    if fee.state != FeeState.DUE:
        return PaymentOutcome.LATE, 0
    if amount > fee.missing:
        return PaymentOutcome.OVER, fee.missing
    return (PaymentOutcome.MATCHED if amount == fee.missing else PaymentOutcome.UNDER), amount


def _count(fee: Fee, counted: int, at: datetime) -> None:
    if not counted:
        return
    fee.paid += counted
    if fee.paid == fee.amount:
        fee.state, fee.settled_at = FeeState.PAID, at
        amount = baht(fee.amount)
        tell(fee.registration, "payment_received", key=str(fee.pk), at=at, amount=amount)
    fee.save(update_fields=["paid", "state", "settled_at"])


# --- what a person decides, and what goes back -------------------------------------------------


def assign_payment(
    *, payment: Payment, fee: Fee, by: User | None, at: datetime, reason: str
) -> AssignedPayment:
    """Say whose fee a payment of unknown reference was meant for. Raises PaymentNotUnknown,
    ReasonMissing.

    It is then judged as any other: what is too much, too late or a second time goes back.
    """
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        payment = _locked_unknown(payment)
        fee = Fee.objects.select_for_update().get(pk=fee.pk)
        outcome, counted = _judge(payment.amount, fee)
        assigned = AssignedPayment.objects.create(
            payment=payment, fee=fee, counted=counted, reason=reason, made_at=at, made_by=by
        )
        _count(fee, counted, at)
        if outcome in _REFUNDED:
            _refund(payment, payment.amount - counted, _REFUNDED[outcome], at)
        record("assign_payment", target=payment, by=by, at=at, fee=fee.reference, reason=reason)
    return assigned


def refund_unknown(*, payment: Payment, by: User | None, at: datetime) -> Refund:
    """Send back a payment that nobody can be found for. Raises PaymentNotUnknown."""
    with transaction.atomic():
        payment = _locked_unknown(payment)
        refund = _refund(payment, payment.amount, RefundReason.UNKNOWN, at)
        record("refund_unknown", target=payment, by=by, at=at, amount=payment.amount)
    return refund


def _locked_unknown(payment: Payment) -> Payment:
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    assigned = AssignedPayment.objects.filter(payment=payment).exists()
    settled = assigned or payment.refunds.exists()
    if payment.outcome != PaymentOutcome.UNKNOWN or settled:
        raise PaymentNotUnknown
    return payment


def send_refund(*, refund: Refund, reference: str, by: User | None, at: datetime) -> Refund:
    """Note that a refund has been transferred. Raises RefundSent, TransferNumberMissing."""
    if not reference.strip():
        raise TransferNumberMissing
    with transaction.atomic():
        refund = Refund.objects.select_for_update().get(pk=refund.pk)
        if refund.state == RefundState.SENT:
            raise RefundSent
        refund.state, refund.sent_at, refund.sent_reference = RefundState.SENT, at, reference
        refund.save(update_fields=["state", "sent_at", "sent_reference"])
        record("send_refund", target=refund, by=by, at=at, reference=reference)
    return refund


def _refund(payment: Payment, amount: int, reason: RefundReason, at: datetime) -> Refund:
    refund = Refund.objects.create(payment=payment, amount=amount, reason=reason, made_at=at)
    if payment.fee is not None:
        key = str(refund.pk)
        tell(payment.fee.registration, "payment_to_refund", key=key, at=at, amount=baht(amount))
    return refund
