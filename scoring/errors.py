"""What scoring refuses, each as a sentence: what happened, where, what to do."""

from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError

# --- answers ------------------------------------------------------------------------------------


class FileTakenBefore(DomainError):
    code = "file_taken_before"
    sentence = _(
        "This file was taken in before, as %(name)s (file %(file)s). Nothing was taken in twice."
    )


class FileUnreadable(DomainError):
    code = "file_unreadable"
    status = 400
    sentence = _(
        "The file is not a table of answers: %(what)s. It needs the columns number, form and"
        " answers, in UTF-8, one sheet a line. Nothing was taken in."
    )


class FormWithoutItems(DomainError):
    code = "form_without_items"
    sentence = _("Exam form %(form)s has no items yet. Enter its items before its answers.")


class AlreadyResolved(DomainError):
    code = "already_resolved"
    sentence = _("Line %(line)s was decided before, by %(by)s. The first decision stands.")


class ReasonMissing(DomainError):
    code = "reason_missing"
    status = 400
    sentence = _("Write the reason in one sentence: it is kept with the decision.")


class CannotBeTaken(DomainError):
    code = "cannot_be_taken"
    sentence = _(
        "Line %(line)s cannot become a sheet: %(what)s. Correct it at the source, or set it aside."
    )


# --- keys and analysis --------------------------------------------------------------------------


class KeyIncomplete(DomainError):
    code = "key_incomplete"
    status = 400
    sentence = _("The key of exam form %(form)s does not fit its items: %(what)s.")


class KeyMissing(DomainError):
    code = "key_missing"
    sentence = _("Exam form %(form)s has no key yet. Enter the key, then analyse.")


class NothingToAnalyse(DomainError):
    code = "nothing_to_analyse"
    sentence = _("There is no answer sheet of exam form %(form)s in this sitting yet.")


class SheetMismatch(DomainError):
    code = "sheet_mismatch"
    sentence = _(
        "A sheet of exam form %(form)s does not fit its %(items)s items: %(what)s. Look for the"
        " file it came in and take it in again."
    )


class NoFinishedAnalysis(DomainError):
    code = "no_finished_analysis"
    sentence = _(
        "Paper %(paper)s has no finished analysis in this sitting. Analyse its forms first."
    )


class TooFewToCalibrate(DomainError):
    code = "too_few_to_calibrate"
    sentence = _(
        "%(people)s answer sheets are too few for a response model: it needs %(fewest)s. The"
        " figures of the analysis stand."
    )


class NotTheNewestRun(DomainError):
    code = "not_the_newest_run"
    sentence = _(
        "This exam form has a newer analysis. Decide on that one; this one stays to be read."
    )


class AlreadyDecided(DomainError):
    code = "already_decided"
    sentence = _("Item %(item)s was decided before. Send that decision back first.")


class SamePersonTwice(DomainError):
    code = "same_person_twice"
    status = 403
    sentence = _("You proposed this, so someone else must sign. Your proposal is kept.")


class NotWaiting(DomainError):
    code = "not_waiting"
    sentence = _("This no longer waits for a signature. Reload the page to see where it stands.")


# --- scores and publication ---------------------------------------------------------------------


class NoScale(DomainError):
    code = "no_scale"
    sentence = _("Paper %(paper)s has no scale and cut in this sitting yet. Set them first.")


class NoAnalysis(DomainError):
    code = "no_analysis"
    sentence = _("Exam form %(form)s has sheets but no finished analysis with its newest key.")


class CannotEquate(DomainError):
    code = "cannot_equate"
    sentence = _("Exam form %(form)s cannot be equated to %(base)s: %(what)s.")


class HeldAlready(DomainError):
    code = "held_already"
    sentence = _("The result of %(number)s is held back already, since %(since)s.")


class NotHeld(DomainError):
    code = "not_held"
    sentence = _("The result of %(number)s is not held back.")


class AlreadyDrafted(DomainError):
    code = "already_drafted"
    sentence = _("Version %(version)s of this sitting waits already. Send it back before drafting.")


class NoSuchRegistration(DomainError):
    code = "no_such_registration"
    status = 404
    sentence = _("No registration of this sitting has the number %(number)s. Compare it again.")


class ChecksNotPassed(DomainError):
    code = "checks_not_passed"
    sentence = _("Not yet: %(what)s. Nothing was published.")


class NotApproved(DomainError):
    code = "not_approved"
    sentence = _("This publication waits for the approval of a second person.")


class NotTheHour(DomainError):
    code = "not_the_hour"
    sentence = _("The hour of release is %(hour)s. Nothing opens before it.")


class EnvelopesClosed(DomainError):
    code = "envelopes_closed"
    sentence = _("Both release codes are needed. The one of %(who)s has not been entered yet.")


class ReleaseCodeWrong(DomainError):
    code = "release_code_wrong"
    status = 400
    sentence = _(
        "This is not the release code of your envelope. It has six groups of four letters and"
        " digits; compare it letter by letter."
    )


class NotASigner(DomainError):
    code = "not_a_signer"
    status = 403
    sentence = _("Only the two people who signed this publication can open their envelopes.")


class PublicationChanged(DomainError):
    code = "publication_changed"
    sentence = _(
        "What was drafted is not what would be published now: the scores or the holds changed."
        " Send it back and draft again."
    )


class BookBroken(DomainError):
    code = "book_broken"
    sentence = _(
        "The results book does not fit its signed manifest. Write it again; do not release."
    )
