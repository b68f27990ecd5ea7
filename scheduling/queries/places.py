"""Every room there is, as the rows of a file say it."""

from django.db.models import Prefetch

from centres.models import Room, Seat


def all_rooms() -> list[Room]:
    """Rooms with their buildings, centres and chairs (`drawn_seats`), in three queries."""
    seats = Prefetch("seats", Seat.objects.order_by("y", "x"), to_attr="drawn_seats")
    rooms = Room.objects.select_related("building__centre").prefetch_related(seats)
    return list(rooms.order_by("building__centre__code", "building__code", "code"))
