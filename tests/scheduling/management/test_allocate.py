"""The command computes in the foreground and says what it found."""

from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from scheduling.models import Booking
from tests.factories import NOW
from tests.scheduling.small_country import small_country

pytestmark = pytest.mark.django_db


def test_a_plan_is_computed_accepted_and_reported():
    small_country()
    out = StringIO()
    with time_machine.travel(NOW):
        call_command("allocate", "1/2570", "--seed", "3", "--accept", stdout=out)
    said = out.getvalue()
    assert "proved best, and the only one" in said
    assert "Accepted: 20 seats given." in said
    assert Booking.objects.count() == 20


def test_an_unknown_sitting_is_named_with_those_there_are():
    small_country()
    with pytest.raises(CommandError, match=r"There is no sitting 9/9999. There are: 1/2570\."):
        call_command("allocate", "9/9999")


def test_too_few_places_end_the_command_with_the_sentence():
    small_country(people=50)
    with pytest.raises(CommandError, match="48"):
        call_command("allocate", "1/2570", stdout=StringIO())
