"""What a person reads for each state, phase and kind."""

from django.utils.translation import gettext_lazy as _

SEAT_STATES = [
    ("expected", _("waiting")),
    ("checked_in", _("here")),
    ("provisional", _("identity to confirm")),
    ("seated", _("seated")),
    ("started", _("working")),
    ("out", _("out of the room")),
    ("submitted", _("handed in")),
    ("absent", _("absent")),
    ("refused", _("refused")),
    ("withdrawn", _("withdrawn")),
    ("disqualified", _("disqualified")),
]
PHASES = [
    ("planned", _("not opened")),
    ("opened", _("open")),
    ("checking_in", _("checking in")),
    ("briefing", _("briefing")),
    ("running", _("exam running")),
    ("paused", _("paused")),
    ("evacuated", _("evacuated")),
    ("time_up", _("time is up")),
    ("collecting", _("collecting")),
    ("reconciling", _("counting")),
    ("sealed", _("sealed")),
    ("closed", _("closed")),
    ("aborted", _("aborted")),
]
INCIDENT_KINDS = [
    ("phone", _("phone found")),
    ("note_found", _("written notes found")),
    ("talking", _("talking")),
    ("ill", _("unwell")),
    ("noise", _("noise")),
    ("power", _("power or light failed")),
    ("paper", _("fault in the papers")),
    ("identity", _("identity in doubt")),
    ("help", _("room calls the chief")),
    ("other", _("something else")),
]
