"""What every step of the demo knows: the country, its people, the calendar, and who acts."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from centres.common.thai import in_bangkok
from centres.models import User
from config.demo.country import Country, SessionPlan, build_country, plan_sessions
from config.demo.items import Paper, write_paper
from config.demo.journal import Journal
from config.demo.people import People, invent_people
from config.demo.teller import Teller
from scheduling.models import Sitting

WEEKS_AGO = 6  # the played sitting is over and published; the calendar of the next one is open


@dataclass
class Stage:
    """One demo on the way. Everything here follows from the journal."""

    journal: Journal
    teller: Teller

    @cached_property
    def country(self) -> Country:
        return build_country(self.journal.size, self.journal.seed)

    @cached_property
    def people(self) -> People:
        return invent_people(self.country)

    @cached_property
    def paper(self) -> Paper:
        return write_paper(self.journal.seed)

    @property
    def seed(self) -> int:
        return self.journal.seed

    @property
    def now(self) -> datetime:
        """When the demo began; every moment of the story is counted from here."""
        return self.journal.began

    @cached_property
    def folder(self) -> Path:
        """Where the story's files lie: rosters, answer files, cards."""
        folder = self.journal.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def codes(self) -> tuple[str, str]:
        """The first and second sitting of this Thai budget year, which begins in October."""
        year = in_bangkok(self.now + timedelta(days=92)).year + 543
        return f"1/{year}", f"2/{year}"

    @cached_property
    def first_day(self) -> date:
        """The Saturday on which the played sitting began."""
        day = in_bangkok(self.now).date() - timedelta(weeks=WEEKS_AGO)
        return day - timedelta(days=(day.weekday() - 5) % 7)

    @cached_property
    def sessions(self) -> tuple[SessionPlan, ...]:
        return plan_sessions(self.first_day)

    def day(self, days: float) -> datetime:
        """So many days after the first exam session of the played sitting; before, if negative."""
        return self.sessions[0].starts_at + timedelta(days=days)

    @property
    def sitting(self) -> Sitting:
        """The sitting that is played from end to end."""
        return Sitting.objects.get(code=self.codes[0])

    def user(self, username: str) -> User:
        """One of the staff."""
        return User.objects.get(username=username)
