"""Keys, runs, scores and publications are only read by the administrator; the words of an item
are edited."""

from typing import ClassVar

from centres.admin import Edited, ReadOnly
from scoring.models import (
    AnalysisRun,
    CandidateScore,
    FormItem,
    Item,
    ItemDecision,
    KeyVersion,
    Publication,
    ResponseException,
    ResponseFile,
    ResultHold,
    ScaleSpec,
    ScalingRun,
)


class ItemAdmin(Edited):
    list_display = ["code", "paper", "standard_th"]
    list_filter = ["paper"]
    list_select_related = ["paper"]
    search_fields = ["code"]
    readonly_fields: ClassVar[list[str]] = ["paper", "code", "options"]


class FormItemAdmin(ReadOnly):
    list_display = ["form", "position", "item"]
    list_select_related = ["form", "item"]


class KeyVersionAdmin(ReadOnly):
    list_display = ["form", "number", "at", "by", "reason"]
    list_select_related = ["form", "by"]


class ScoreAdmin(ReadOnly):
    list_display = ["registration", "run", "outcome", "scaled"]
    list_select_related = ["registration", "run"]
    search_fields = ["=registration__number"]
    show_full_result_count = False


class PublicationAdmin(ReadOnly):
    list_display = ["sitting", "version", "state", "release_at"]
    list_select_related = ["sitting"]
    fields = ["sitting", "version", "scaling", "state", "release_at", "cause", "digest", "book"]


ADMINS = {
    Item: ItemAdmin,
    FormItem: FormItemAdmin,
    KeyVersion: KeyVersionAdmin,
    ResponseFile: ReadOnly,
    ResponseException: ReadOnly,
    AnalysisRun: ReadOnly,
    ItemDecision: ReadOnly,
    ScaleSpec: ReadOnly,
    ScalingRun: ReadOnly,
    CandidateScore: ScoreAdmin,
    ResultHold: ReadOnly,
    Publication: PublicationAdmin,
}
