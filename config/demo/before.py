"""The first steps of the story: the country, its registrations, and everybody in a chair."""

from datetime import datetime
from typing import Any

from centres.common.runs import RunState, perform
from centres.models import Building, Centre, Room, Seat
from config.demo.crews import found_crews, give_duties
from config.demo.founding import found_exam, found_places, found_sitting, found_staff, open_once
from config.demo.registering import register_everybody
from config.demo.stage import Stage
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.models import (
    AllocationRun,
    Booking,
    BookingState,
    Registration,
    RoomSession,
    Sitting,
)

Told = tuple[str, dict[str, Any]]


def make_country(stage: Stage) -> Told:
    """Centres, rooms, staff, the sitting, and everybody who registers for it."""
    founded = stage.day(-90)
    with stage.teller.bar("places and staff") as report:
        found_places(stage.country, at=founded)
        found_staff(at=founded)
        found_crews(seed=stage.seed, at=founded)
        code = stage.codes[0]
        sitting = found_sitting(
            found_exam(), code, stage.sessions, opens_at=stage.day(-75), closes_at=stage.day(-45)
        )
        open_once(sitting, Room.objects.all(), by=stage.user("staff"), at=founded)
        report(1, 1)
    with stage.teller.bar("registrations") as report:
        total = len(stage.people)
        report(0, total)
        faults = register_everybody(
            sitting, stage.people, stage.folder,
            seed=stage.seed, by=stage.user("staff"), at=stage.day(-60),
        )  # fmt: skip
        report(total, total)
    figures = {
        "centres": Centre.objects.count(),
        "buildings": Building.objects.count(),
        "rooms": Room.objects.count(),
        "seats": Seat.objects.filter(is_usable=True).count(),
        "room_sessions": RoomSession.objects.filter(exam_session__sitting=sitting).count(),
        "registrations": Registration.objects.filter(sitting=sitting).count(),
        "refused_cells": len(faults),
    }
    what = "{registrations:,} registrations, {centres} centres, {rooms} rooms, {seats:,} seats"
    return what.format(**figures), figures


def seat_everybody(stage: Stage) -> Told:
    """One exact allocation with its proof, accepted by a second person; two proctors a room."""
    sitting = stage.sitting
    if sitting.allocation is None:
        run = allocated(stage, sitting, at=stage.day(-44))
        with stage.teller.bar("bookings") as report:
            booked = accept_allocation(run=run, by=stage.user("staff2"), at=stage.day(-40))
            report(booked, booked)
    give_duties(sitting, at=stage.day(-30))
    run = AllocationRun.objects.get(sitting=sitting, accepted_at__isnull=False)
    figures = {
        "objective_km": (run.objective or 0) / 10,
        "bound_km": (run.bound or 0) / 10,
        "gap": (run.objective or 0) - (run.bound or 0),
        "is_unique": run.result["is_unique"],
        "plan": run.result["plan"],
        "first_come": run.result["first_come"],
        "digest": run.digest,
        "bookings": Booking.objects.filter(
            allocation=run, state=BookingState.CONFIRMED
        ).count(),
    }  # fmt: skip
    stage.teller.say(_certificate(figures))
    return f"{figures['bookings']:,} people in {_rooms_used(run):,} room sessions", figures


def allocated(stage: Stage, sitting: Sitting, *, at: datetime) -> AllocationRun:
    """A finished allocation of the sitting: the one that was begun, if there is one, else new."""
    run = AllocationRun.objects.filter(sitting=sitting).first() or prepare_allocation(
        sitting=sitting, by=stage.user("staff"), at=at, seed=stage.seed
    )
    if run.state != RunState.DONE:
        with stage.teller.bar("allocation") as report:
            perform(run, report)
    if run.state != RunState.DONE:
        raise RuntimeError(run.error)
    return run


def _certificate(figures: dict[str, Any]) -> str:
    only = "; no other allocation is as good" if figures["is_unique"] else ""
    return (
        f"  Certificate: cost {figures['objective_km']:,.1f} km, proven lower bound "
        f"{figures['bound_km']:,.1f} km, gap {figures['gap']}{only}."
    )


def _rooms_used(run: AllocationRun) -> int:
    used = Booking.objects.filter(allocation=run)
    return used.values("room_session_id").distinct().count()
