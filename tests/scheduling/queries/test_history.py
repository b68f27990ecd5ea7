"""A caller's history is told in sentences, in the reader's language, and tells every act."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from centres.common.audit import record
from centres.models import User
from scheduling.actions.bookings import (
    cancel_booking,
    confirm_booking,
    extend_hold,
    hold_seat,
    move_booking,
)
from scheduling.actions.fees import set_fee, waive_fee
from scheduling.models import Company, Registration, RoomSession, SittingMode
from scheduling.queries.history import WORDS, history_of
from tests.factories import (
    NOW,
    make_candidate,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

DAY = NOW - timedelta(days=40)

# Acts on a sitting, a room, a file or a run, or by an officer whose desk is another: no history of
# one person tells them. Whoever adds an act puts it here or gives it words.
OF_NOBODY = {
    "allocation.accept", "allocation.by_hand", "allocation.commit", "allocation.publish_table",
    "allocation.start", "announce_seats", "decide_arrangement", "delete_old_papers",
    "duties.excuse", "duties.make", "duties.relative", "duties.replace", "end_lapsed",
    "enter_payments",
    "import_candidates", "issue_admission_cards", "join_queue", "moves.accept", "moves.choose",
    "moves.study", "moves.undo", "open_document", "open_queue", "open_room_again", "open_rooms",
    "places.write", "read_arrangement_request", "refund_unknown", "request_arrangement",
    "set_booking_hours", "set_fee", "set_pace", "withdraw_request",
}  # fmt: skip
OUTBOX = {"send_letter_again"}


def verbs_written() -> Iterator[str]:
    """Every verb that the code of this app hands to the audit trail."""
    for path in (Path(settings.BASE_DIR) / "scheduling").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            name = getattr(getattr(call, "func", None), "id", "")
            if isinstance(call, ast.Call) and name in ("record", "Said"):
                verb = call.args[0]
                if isinstance(verb, ast.Constant):
                    yield str(verb.value)
                else:  # built of a kind of seat request
                    assert isinstance(verb, ast.JoinedStr), path
                    start = verb.values[0]
                    assert isinstance(start, ast.Constant)
                    kinds = (
                        [*Company.values, "refuse"]
                        if "drop" in start.value
                        else ["apart", "together"]
                    )
                    yield from (f"{start.value}{kind}" for kind in kinds)


def test_every_act_has_words_or_is_of_nobody() -> None:
    written = set(verbs_written()) | OUTBOX
    assert written - OF_NOBODY == set(WORDS)
    assert written >= OF_NOBODY


@pytest.mark.parametrize("language", ["th", "en"])
def test_words_are_sentences_of_the_reader_and_fit_the_facts_of_any_entry(language: str) -> None:
    with translation.override(language):
        said = [str(words) for words in WORDS.values()]
    assert len(set(said)) == len(said)
    assert not set(said) & set(WORDS)
    if language == "th":
        assert not [words for words in said if words.isascii()]


@pytest.fixture
def place(db: None) -> RoomSession:
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.get())


@pytest.fixture
def me(place: RoomSession) -> Registration:
    user = User.objects.create(username="me")
    candidate = make_candidate(user=user, email="me@example.org")
    return make_registration(place.exam_session.sitting, candidate=candidate)


def test_a_history_says_what_was_done_by_whom_and_why(place: RoomSession, me: Registration) -> None:
    staff = User.objects.create(username="nid", name_en="Nid Somsri")
    own, seats = me.candidate.user, list(place.room.seats.order_by("y", "x"))
    set_fee(sitting=me.sitting, amount=100, hours_to_pay=9, by=None, at=DAY)
    hold_seat(registration=me, room_session=place, seat=seats[0], by=own, at=DAY)
    extend_hold(registration=me, by=own, at=DAY)
    confirm_booking(registration=me, by=own, at=DAY)
    move_booking(
        registration=me, room_session=place, seat=seats[3], by=staff, at=DAY, reason="broken chair"
    )
    waive_fee(registration=me, by=staff, at=DAY, reason="our fault")
    cancel_booking(booking=me.bookings.get(state="confirmed"), by=None, at=DAY)
    record("hold_result", target=me, by=staff, at=DAY)  # of another desk
    with translation.override("en"):
        lines = [(act.said, act.by, act.reason) for act in reversed(history_of(me))]
    assert lines == [
        ("Seat A1 was held", "the person", ""),
        ("Five minutes more were taken for a held seat", "the person", ""),
        ("Seat A1 was confirmed", "the person", ""),
        ("Seat D1 was held", "Nid Somsri", ""),
        ("Seat D1 was confirmed", "Nid Somsri", ""),
        ("The staff moved the person to another seat", "Nid Somsri", "broken chair"),
        ("The fee was waived", "Nid Somsri", "our fault"),
        ("The seat was given back", "by itself", ""),
    ]


def test_a_history_is_that_of_one_person_and_an_old_entry_lacks_nothing(
    place: RoomSession, me: Registration
) -> None:
    other = make_registration(me.sitting)
    record("offer_seat", target=f"scheduling.waitingentry:{other.pk + 999}", by=None, at=DAY)
    record("submit_wishes", target=other, by=None, at=DAY)
    record("requests.refuse", target=me, by=None, at=DAY)
    with translation.override("en"):
        assert [act.said for act in history_of(me)] == ["Noted: exam session – is refused"]
