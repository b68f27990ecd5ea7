"""Fees: every satang the bank tells of is counted, refunded, or waits for a person to decide."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.actions.bookings import cancel_booking, confirm_booking, hold_seat
from scheduling.actions.fees import (
    BankFile,
    BankLine,
    assign_payment,
    enter_payments,
    lapse_unpaid,
    refund_unknown,
    send_refund,
    set_fee,
    waive_fee,
)
from scheduling.booking_errors import (
    FeeWrong,
    NoFeeDue,
    PaymentFileWrong,
    PaymentNotUnknown,
    PaymentsReadBefore,
    RefundSent,
    TransferNumberMissing,
)
from scheduling.forms.payments import read_bank_file
from scheduling.models import (
    Booking,
    Fee,
    Payment,
    Refund,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
    SittingMode,
)
from scheduling.queries.fees import books, fee_of, fee_picture, refunds_due, unknown_payments
from scheduling.queries.soundness import soundness
from tests.factories import (
    NOW,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

AT = NOW - timedelta(days=40)
DAY = timedelta(days=1)
PRICE = 330_00
_serial = count(1)


@pytest.fixture
def sitting(db: None) -> Sitting:
    """A sitting that costs 330 baht, to be paid within three days."""
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    set_fee(sitting=sitting, amount=PRICE, hours_to_pay=72, by=None, at=AT)
    return sitting


@pytest.fixture
def place(sitting: Sitting) -> RoomSession:
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.get())


@pytest.fixture
def book(sitting: Sitting, place: RoomSession) -> Callable[..., Fee]:
    """A person books the next seat and owes the fee."""
    seats = iter(place.room.seats.all())

    def make(person: Registration | None = None, at: datetime = AT) -> Fee:
        person = person or make_registration(sitting)
        hold_seat(registration=person, room_session=place, seat=next(seats), by=None, at=at)
        confirm_booking(registration=person, by=None, at=at)
        fee = fee_of(person)
        assert fee is not None
        return fee

    return make


@pytest.fixture(autouse=True)
def _books_balance(db: None) -> object:
    yield
    assert books().is_balanced
    assert soundness().faults == ()


def pay(*sums: tuple[str, int], at: datetime = AT + DAY) -> list[Payment]:
    """The bank's file with these references and satang."""
    number = next(_serial)
    lines = [
        BankLine(line, f"KTB{number}-{line}", reference, at, amount)
        for line, (reference, amount) in enumerate(sums, start=2)
    ]
    file = BankFile(f"bank-{number}.csv", f"{number:064}", at, lines)
    return list(enter_payments(file=file, by=None, at=at).payments.order_by("line"))


def state_of(fee: Fee) -> tuple[str, int]:
    fee.refresh_from_db()
    return fee.state, fee.paid


def test_a_confirmed_seat_makes_the_fee_due_once(
    sitting: Sitting, place: RoomSession, book: Callable[..., Fee]
) -> None:
    fee = book()
    assert (fee.amount, fee.due_at, fee.missing) == (PRICE, AT + 3 * DAY, PRICE)
    assert fee.reference.startswith(fee.registration.number)
    book(fee.registration, AT + DAY)  # a move
    assert Fee.objects.count() == 1


def test_a_payment_matches_to_the_satang(book: Callable[..., Fee]) -> None:
    fee = book()
    assert [p.outcome for p in pay((fee.reference, PRICE))] == ["matched"]
    assert state_of(fee) == ("paid", PRICE)


def test_a_satang_too_little_stays_due_until_it_comes(book: Callable[..., Fee]) -> None:
    fee = book()
    assert [p.outcome for p in pay((fee.reference, PRICE - 1))] == ["under"]
    assert state_of(fee) == ("due", PRICE - 1)
    assert [p.outcome for p in pay((fee.reference, 1))] == ["matched"]
    assert state_of(fee) == ("paid", PRICE)


def test_what_is_too_much_or_paid_twice_goes_back(book: Callable[..., Fee]) -> None:
    fee = book()
    paid = pay((fee.reference, PRICE + 50), (fee.reference, PRICE))
    assert [p.outcome for p in paid] == ["over", "duplicate"]
    assert list(refunds_due().values_list("amount", "reason")) == [
        (50, "over"), (PRICE, "duplicate"),
    ]  # fmt: skip


def test_a_payment_that_nobody_can_be_found_for_waits_for_a_person(
    book: Callable[..., Fee],
) -> None:
    fee = book()
    strange, stranger = pay(("0000000000000", PRICE), ("", 7))
    assert list(unknown_payments()) == [strange, stranger]
    assign_payment(payment=strange, fee=fee, by=None, at=AT + DAY, reason="he showed the slip")
    assert state_of(fee) == ("paid", PRICE)
    refund_unknown(payment=stranger, by=None, at=AT + DAY)
    assert not unknown_payments().exists()
    for payment in (strange, stranger):
        with pytest.raises(PaymentNotUnknown):
            refund_unknown(payment=payment, by=None, at=AT + DAY)


def test_a_seat_not_paid_in_time_is_given_up_and_a_late_payment_goes_back(
    sitting: Sitting, book: Callable[..., Fee]
) -> None:
    fee, paid = book(), book()
    pay((paid.reference, PRICE), (fee.reference, 100), at=AT + 3 * DAY)
    assert lapse_unpaid(sitting=sitting, by=None, at=AT + 4 * DAY) == 1
    assert lapse_unpaid(sitting=sitting, by=None, at=AT + 4 * DAY) == 0
    assert state_of(fee) == ("lapsed", 100)
    assert Booking.objects.filter(state="confirmed").count() == SeatPool.objects.get().taken == 1
    late = pay((fee.reference, PRICE - 100), at=AT + 5 * DAY)
    assert [p.outcome for p in late] == ["late"]
    back = refunds_due().values_list("amount", "reason")
    assert list(back) == [(100, "unpaid"), (PRICE - 100, "late")]


def test_nobody_loses_a_seat_for_a_payment_that_nobody_has_looked_for(
    sitting: Sitting, book: Callable[..., Fee]
) -> None:
    fee = book()
    assert lapse_unpaid(sitting=sitting, by=None, at=AT + 30 * DAY) == 0  # no file at all
    pay(("0", 5), at=AT + 2 * DAY)
    assert lapse_unpaid(sitting=sitting, by=None, at=AT + 30 * DAY) == 0  # it ends too early
    pay((fee.reference, PRICE), at=AT + 3 * DAY)
    assert lapse_unpaid(sitting=sitting, by=None, at=AT + 30 * DAY) == 0
    assert state_of(fee)[0] == "paid"


def test_after_a_lapse_a_new_seat_has_a_fee_and_a_reference_of_its_own(
    sitting: Sitting, book: Callable[..., Fee]
) -> None:
    fee = book()
    pay(("0", 5), at=AT + 3 * DAY)
    lapse_unpaid(sitting=sitting, by=None, at=AT + 4 * DAY)
    again = book(fee.registration, AT + 5 * DAY)
    assert again.reference != fee.reference
    paid = pay((fee.reference, PRICE), (again.reference, PRICE), at=AT + 6 * DAY)
    assert [p.outcome for p in paid] == ["late", "matched"]


def test_a_seat_given_back_gives_the_money_back(book: Callable[..., Fee]) -> None:
    fee = book()
    pay((fee.reference, PRICE))
    booking = Booking.objects.get(registration=fee.registration)
    for _twice in range(2):
        cancel_booking(booking=booking, by=None, at=AT + DAY)
    assert state_of(fee)[0] == "cancelled"
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (PRICE, "cancelled")
    with pytest.raises(TransferNumberMissing):
        send_refund(refund=refund, reference=" ", by=None, at=AT)
    send_refund(refund=refund, reference="T1", by=None, at=AT)
    with pytest.raises(RefundSent):
        send_refund(refund=refund, reference="T2", by=None, at=AT)


def test_a_file_is_entered_once_and_a_line_in_two_files_counts_once(
    book: Callable[..., Fee],
) -> None:
    fee = book()
    line = BankLine(2, "KTB-X", fee.reference, AT, PRICE)
    file = BankFile("a.csv", "a" * 64, AT, [line])
    enter_payments(file=file, by=None, at=AT)
    with pytest.raises(PaymentsReadBefore):
        enter_payments(file=file, by=None, at=AT)
    again = enter_payments(file=replace(file, digest="b" * 64), by=None, at=AT)
    assert (again.rows, Payment.objects.count()) == (0, 1)
    for spoil in (lambda: Payment.objects.update(amount=1), Payment.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            spoil()


def test_a_fee_is_waived_with_a_reason(sitting: Sitting, book: Callable[..., Fee]) -> None:
    fee = book()
    waive_fee(registration=fee.registration, by=None, at=AT, reason="scholarship")
    assert [p.outcome for p in pay((fee.reference, PRICE))] == ["duplicate"]
    assert fee_picture(sitting).waived == 1
    with pytest.raises(NoFeeDue):
        waive_fee(registration=fee.registration, by=None, at=AT, reason="again")
    with pytest.raises(FeeWrong):
        set_fee(sitting=sitting, amount=0, hours_to_pay=1, by=None, at=AT)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2 * PRICE), st.booleans()), max_size=9))
def test_the_books_balance_whatever_is_paid(
    sitting: Sitting, place: RoomSession, events: list[tuple[int, int, bool]]
) -> None:
    people = [make_registration(sitting) for _ in range(3)]
    seats = list(place.room.seats.all()[:3])
    for person, seat in zip(people, seats, strict=True):
        hold_seat(registration=person, room_session=place, seat=seat, by=None, at=AT)
        confirm_booking(registration=person, by=None, at=AT)
    fees = [fee_of(person) for person in people]
    for who, amount, ends in events:
        fee = fees[who] if who < 3 else None
        pay((fee.reference if fee else "?", amount))
        assert books().is_balanced
        if ends and fee is not None:
            for booking in Booking.objects.filter(registration=fee.registration):
                cancel_booking(booking=booking, by=None, at=AT + DAY)
            assert books().is_balanced
    for booking in Booking.objects.filter(state="confirmed"):
        cancel_booking(booking=booking, by=None, at=AT + DAY)


# --- the bank's file ---------------------------------------------------------------------------

HEAD = "bank_reference,paid_at,reference,amount,branch\n"


def read(tmp_path: Path, rows: str, head: str = HEAD) -> BankFile:
    path = tmp_path / "bank.csv"
    path.write_text(head + rows, encoding="utf-8")
    return read_bank_file(path)


def test_a_bank_file_is_read_in_either_era_with_blanks_and_commas(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        'K1,14/01/2570 09:30,1000-000001 001,"1,330.50",x\n'
        "K2,2027-01-14 23:59:59,๑๐๐๐๐๐๐๐๐๑๐๐๒,330,\n",
    )
    first, second = file.lines
    assert (first.reference, first.amount) == ("1000000001001", 133_050)
    assert first.paid_at.isoformat() == "2027-01-14T09:30:00+07:00"
    assert (second.reference, second.amount) == ("1000000001002", 33_000)
    assert file.covers_until == second.paid_at


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("K1,14/01/2570 09:30,1,330.005", "D"),
        ("K1,14/01/2570 09:30,1,0", "D"),
        ("K1,14/01/2570 09:30,1,-5", "D"),
        ("K1,14/01/2570 09:30,1,NaN", "D"),
        ("K1,yesterday,1,330", "B"),
        ("K1,30/02/2570 09:30,1,330", "B"),
        (",14/01/2570 09:30,1,330", "A"),
        ("K1,14/01/2570 09:30,1,330,\nK1,14/01/2570 09:31,1,330", "A"),
    ],
)
def test_a_fault_is_named_by_row_and_column_and_nothing_is_entered(
    tmp_path: Path, row: str, where: str
) -> None:
    with pytest.raises(PaymentFileWrong) as refused:
        read(tmp_path, f"K0,14/01/2570 09:30,1,330\n{row}\n")
    assert refused.value.facts["many"] == 1
    assert f" {where}" in str(refused.value.facts["first"])


def test_a_file_with_other_headings_says_which_are_missing(tmp_path: Path) -> None:
    with pytest.raises(PaymentFileWrong) as refused:
        read(tmp_path, "a,b\n", "bank_reference,when\n")
    assert "paid_at, reference, amount" in str(refused.value)
