"""What scoring refuses, each as a sentence: what happened, where, what to do."""

from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError

# --- answers ------------------------------------------------------------------------------------


class FileTakenBefore(DomainError):
    code = "file_taken_before"
    sentence = _(
        "This file was taken in before, as %(name)s (file %(file)s). Nothing was taken in twice."
    )


class FileBeingRead(DomainError):
    code = "file_being_read"
    sentence = _("%(name)s was sent before and is being read. Wait for what comes of it.")


class FileUnreadable(DomainError):
    code = "file_unreadable"
    status = 400
    sentence = _("%(name)s cannot be taken in: %(what)s Nothing was taken in.")


class CellUnreadable(FileUnreadable):
    code = "cell_unreadable"
    sentence = _("%(name)s, row %(row)s, column %(column)s: %(what)s Nothing was taken in.")


class LayoutUnreadable(DomainError):
    code = "layout_unreadable"
    status = 400
    sentence = _("The layout cannot be used: %(what)s Nothing was taken in.")


class CountDiffers(DomainError):
    code = "count_differs"
    status = 400
    sentence = _(
        "%(name)s holds %(found)s sheets, the scanner's slip says %(expected)s. Look for what is"
        " missing or sent twice. Nothing was taken in."
    )


class LayoutDoesNotFit(DomainError):
    code = "layout_does_not_fit"
    status = 400
    sentence = _(
        "%(name)s, row %(row)s, column %(column)s: %(what)s. So it is in %(count)s of %(lines)s"
        " lines: is this the right sitting, and the right layout? Nothing was taken in."
    )


class NothingReadFirst(DomainError):
    code = "nothing_read_first"
    sentence = _(
        "No sheet of this sitting was read a first time yet. Take in the first reading, then the"
        " second."
    )


class NotSettled(DomainError):
    code = "not_settled"
    status = 400
    sentence = _(
        "Line %(line)s is not settled: %(what)s. Choose one of the two readings at every place."
    )


class NotMissing(DomainError):
    code = "not_missing"
    sentence = _("%(number)s has a sheet, or was not present. Reload the page.")


class ExplainedBefore(DomainError):
    code = "explained_before"
    sentence = _("What became of the sheet of %(number)s was decided before. It stands.")


class FiguresChanged(DomainError):
    code = "figures_changed"
    sentence = _("The figures are not those you were shown. Look at them again, then sign.")


class NothingToSign(DomainError):
    code = "nothing_to_sign"
    sentence = _("Everything closes here. There is nothing to sign for.")


class SheetsNotSettled(DomainError):
    code = "sheets_not_settled"
    sentence = _("Not yet: %(what)s. Settle the answer sheets, then compute scores.")


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


class ItemWasGiven(DomainError):
    code = "item_was_given"
    sentence = _(
        "Item %(item)s has been answered by people: its words and options stay as they were. Give"
        " the new wording a new code. Nothing of the file was taken in."
    )


class KeyMissing(DomainError):
    code = "key_missing"
    sentence = _("Exam form %(form)s has no key yet. Enter the key, then analyse.")


class KeyUnreadable(DomainError):
    code = "key_unreadable"
    status = 400
    sentence = _("%(name)s, row %(row)s, column %(column)s: %(what)s Nothing was kept.")


class FormLaidOut(DomainError):
    code = "form_laid_out"
    sentence = _(
        "Exam form %(form)s has its items already. Their order is printed on paper: it is not"
        " changed. Make another exam form."
    )


class KeyRoundOpen(DomainError):
    code = "key_round_open"
    sentence = _("The key of exam form %(form)s is being entered already, since %(since)s.")


class KeyRoundOver(DomainError):
    code = "key_round_over"
    sentence = _("This double entry has ended. Reload the page to see what came of it.")


class KeyEnteredByTwo(DomainError):
    code = "key_entered_by_two"
    status = 403
    sentence = _("Two people have entered this key. A third cannot; they settle it between them.")


class KeyEnteredBefore(DomainError):
    code = "key_entered_before"
    sentence = _("You have entered this key. The other person's entry is awaited.")


class KeyAlreadyEqual(DomainError):
    code = "key_already_equal"
    status = 400
    sentence = _("Only items that differ may be corrected now; %(items)s were equal.")


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


# --- pairs too alike ----------------------------------------------------------------------------


class CaseIsOpen(DomainError):
    code = "case_is_open"
    sentence = _("Case %(number)s of these two people is open already. Go on there.")


class CaseIsClosed(DomainError):
    code = "case_is_closed"
    sentence = _("This case is closed. Open it again, with the reason, to add to it.")


class ClosingProposed(DomainError):
    code = "closing_proposed"
    sentence = _("Closing this case was proposed before. Answer that first.")


class ClosingMissing(DomainError):
    code = "closing_missing"
    sentence = _("Nobody has proposed to close this case. Reload the page to see where it stands.")


class OutcomeMissing(DomainError):
    code = "outcome_missing"
    status = 400
    sentence = _("Say what becomes of the case: nothing to pursue, or handed to the committee.")


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
