"""The words that scripts show. A script holds none of its own; `%n` and the like are places."""

from django.utils.translation import gettext as _


def script_words() -> dict[str, str]:
    """Every sentence a live page can say by itself, in the reader's language."""
    return {
        "sent": _("Everything is sent"),
        "sending": _("Sending %n"),
        "offline": _("No signal. Keep working. %n waiting to send"),
        "offline_none": _("No signal. Keep working."),
        "lost": _("This device may no longer send. %n steps are kept here: call the chief."),
        "not_kept": _("This browser keeps nothing: stay on this page until everything is sent"),
        "waiting": _("waiting to send"),
        "undo": _("Undo %n"),
        "starts_in": _("starts in %n"),
        "ends_in": _("ends in %n"),
        "over": _("time is up since %n"),
        "not_started": _("should have started %n ago"),
        "paused": _("paused"),
        "minutes": _("%n min"),
        "over_at": _("the exam here is over"),
        "closes": _("= %n, as on the list"),
        "not_found": _("Nobody here has this. Type the seat, the name or the ten digits."),
        "only_reads": _("You observe: you see everything here, and change nothing."),
        "no_undo": _("There is nothing to undo."),
        "close_incident": _("Close the incident"),
        "contradiction": _("entry #%n contradicts the room"),
        "settle": _("Settle it"),
        "have_read": _("We have read this"),
        "choose_seat": _("Choose a seat first."),
        "live": _("live"),
        "stale": _("No signal. Shown as of %n"),
        "refused": _("Not taken"),
        "all_calm": _("Nothing needs you now"),
        "silent": _("%n · silent"),
        "incidents": _("%n open incidents"),
        "incident": _("%n open incident"),
        "silent_room": _("%n silent room"),
        "not_open": _("%n rooms not opened"),
        "silent_rooms": _("%n silent rooms"),
        "normal": _("normal"),
        "ready": _("ready"),
    }
