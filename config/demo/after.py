"""The last steps of the story: the days, the answers, their analysis, the scores, the results."""

from typing import Any

from centres.common.runs import RunState, perform
from config.demo.bank import fill_bank, speak_of_items
from config.demo.before import Told
from config.demo.days import play_days
from config.demo.intake import SECOND, enter_keys, read_twice, score_twice
from config.demo.marking import decide_exceptions, forms_of, lay_out_paper, take_in_sheets
from config.demo.stage import Stage
from proctoring.queries.attendance import attendance_counts, incidents_of
from proctoring.queries.verification import verify_ledgers
from scheduling.models import Booking, ExamForm, RoomSession
from scoring.actions.analysis import create_analysis
from scoring.actions.decisions import (
    changed_key,
    propose_decision,
    propose_keeping,
    sign_decision,
    sign_keeping,
)
from scoring.actions.holds import hold_result
from scoring.actions.items import newest_key
from scoring.actions.scaling import create_scaling, set_scale
from scoring.arrays import key_of, load_matrix
from scoring.models import (
    AnalysisRun,
    AnswerSheet,
    DecisionKind,
    ItemDecision,
    ItemStatistic,
    ReadingDifference,
    ResponseException,
    ResponseFile,
    ResultHold,
    ScaleSpec,
    ScalingRun,
    SimilarPair,
)
from scoring.queries.decisions import open_flags, undecided, waiting_keeps
from scoring.queries.results import newest_analyses, newest_scaling, outcomes
from scoring.studies import FormData
from scoring.studies.what_if import key_effects

CUT = 60
ALIKE = 0.01  # an adjusted p-value below which a person must look at a pair


# --- the exam days -------------------------------------------------------------------------------


def play_exam_days(stage: Stage) -> Told:
    """Every room session's ledger, written by the code of the live console, then verified."""
    sitting = stage.sitting
    with stage.teller.bar("room sessions") as report:
        play_days(sitting, stage.people.comes.tolist(), seed=stage.seed, report=report)
    with stage.teller.bar("chains verified") as report:
        verdict = verify_ledgers()
        report(verdict.ledgers, verdict.ledgers)
    if verdict.breaks:
        raise RuntimeError(f"{len(verdict.breaks)} ledgers are not what was written")
    counts = attendance_counts(sitting)
    figures = {
        "room_sessions": RoomSession.objects.filter(
            exam_session__sitting=sitting, head__seq__gt=0
        ).count(),
        "events": verdict.events,
        "present": counts.present,
        "absent": counts.absent,
        "incidents": incidents_of(sitting).count(),
    }  # fmt: skip
    what = "{events:,} events in {room_sessions:,} ledgers, {present:,} present, {absent:,} absent"
    return what.format(**figures), figures


# --- answers -------------------------------------------------------------------------------------


def collect_answers(stage: Stage) -> Told:
    """Two forms with keys typed blind; sheets read twice, taken in, and the odd ones decided."""
    sitting = stage.sitting
    lay_out_paper(sitting, stage.paper, by=stage.user("examiner"), at=stage.day(-20))
    fill_bank(stage)
    enter_keys(stage, forms_of(sitting))
    with stage.teller.bar("answer sheets") as report:
        take_in_sheets(
            sitting, stage.paper, stage.people, stage.folder,
            seed=stage.seed, by=stage.user("staff"), at=stage.day(3), report=report,
        )  # fmt: skip
    decide_exceptions(sitting, by=stage.user("staff2"), at=stage.day(4))
    read_twice(stage, stage.folder / SECOND)
    files = ResponseFile.objects.filter(sitting=sitting)
    figures = {
        "sheets": AnswerSheet.objects.filter(registration__sitting=sitting).count(),
        "lines": sum(files.values_list("lines", flat=True)),
        "exceptions": ResponseException.objects.filter(file__in=files).count(),
        "waiting": ResponseException.objects.filter(file__in=files, resolution="").count(),
        "differences": ReadingDifference.objects.filter(file__in=files).count(),
    }
    what = (
        "{sheets:,} sheets; decided by a person: {exceptions} lines,"
        " {differences} differences of two readings"
    ).format(**figures)
    return what, figures


# --- analysis ------------------------------------------------------------------------------------


def analyse_answers(stage: Stage) -> Told:
    """Classical statistics and a 2PL for each form; every flagged item decided by two people."""
    sitting = stage.sitting
    if not ScaleSpec.objects.filter(sitting=sitting).exists():
        _set_scale(stage)
    forms = list(ExamForm.objects.filter(paper__exam_id=sitting.exam_id).order_by("code"))
    first = [_analysed(stage, form) for form in forms]
    speak_of_items(stage)
    for run in first:
        for alarm in ItemStatistic.objects.filter(run=run, alarm=True).order_by("pk"):
            _decide(stage, run, alarm)
    for form in forms:
        _keep_the_rest(stage, _analysed(stage, form))
    _hold_pairs(stage)
    figures = _analysis_figures(stage)
    what = (
        "{runs} analyses, {flagged} items flagged, {undecided} undecided, {rekeyed} key changed"
    ).format(**figures)
    return what, figures


def _set_scale(stage: Stage) -> None:
    base = ExamForm.objects.get(paper__exam_id=stage.sitting.exam_id, code="A")
    set_scale(
        sitting=stage.sitting, paper=base.paper, base_form=base, cut=CUT,
        reason="มติคณะกรรมการ: ผ่านที่ร้อยละ 60 ของคะแนนปรับเทียบ",
        by=stage.user("examiner"), at=stage.day(-20),
    )  # fmt: skip


def _analysed(stage: Stage, form: ExamForm) -> AnalysisRun:
    """The finished analysis of a form by its newest key, made or taken up again where needed."""
    runs = AnalysisRun.objects.filter(
        sitting=stage.sitting, form=form, key_version=newest_key(form)
    )
    run = runs.order_by("-pk").first() or create_analysis(
        sitting=stage.sitting, form=form, by=stage.user("examiner"), at=stage.day(8)
    )
    if run.state != RunState.DONE:
        with stage.teller.bar(f"form {form.code}, key {run.key_version.number}") as report:
            perform(run, report)
    if run.state != RunState.DONE:
        raise RuntimeError(run.error)
    return run


def _decide(stage: Stage, run: AnalysisRun, alarm: ItemStatistic) -> None:
    """One examiner proposes, another signs: the suggested key where the stored one punishes
    knowledge, the stored one where the item is only hard."""
    decision = ItemDecision.objects.filter(
        run=run, form_item=alarm.form_item, withdrawn_at=None
    ).first()
    if decision is None:
        wrong = "negative_discrimination" in alarm.flags and bool(alarm.suggested)
        kind = DecisionKind.REKEY if wrong else DecisionKind.KEEP
        decision = propose_decision(
            run=run, form_item=alarm.form_item, kind=kind,
            value=alarm.suggested if wrong else "",
            reason="คนเก่งเลือกตัวเลือกนี้ ตรวจกับตำราแล้ว เฉลยเดิมพิมพ์ผิด" if wrong
            else "ข้อสอบยาก แต่เฉลยถูกต้องตามตำรา",
            effects=_effects(stage, run, alarm) if wrong else {},
            by=stage.user("examiner"), at=stage.day(9),
        )  # fmt: skip
    if decision.signed_at is None:
        sign_decision(
            decision=decision, reason="ตรวจซ้ำแล้ว เห็นพ้อง",
            by=stage.user("examiner2"), at=stage.day(10),
        )  # fmt: skip


def _keep_the_rest(stage: Stage, run: AnalysisRun) -> None:
    """Every item that is flagged and no alarm: looked at, and its key kept, by two people."""
    if open_flags(run):
        propose_keeping(
            run=run, reason="อ่านโจทย์และตัวเลือกแล้ว เฉลยถูกต้อง บันทึกไว้เพื่อปรับปรุงข้อสอบ",
            by=stage.user("examiner"), at=stage.day(12),
        )  # fmt: skip
    if waiting_keeps(run).exists():
        sign_keeping(
            run=run, reason="อ่านซ้ำแล้ว เห็นพ้อง", by=stage.user("examiner2"), at=stage.day(13)
        )


def _effects(stage: Stage, run: AnalysisRun, alarm: ItemStatistic) -> dict[str, Any]:
    """What the change would do, as the examiners see it before they sign."""
    spec = ScaleSpec.objects.filter(sitting=stage.sitting).latest("version")
    forms = [
        FormData(
            analysis.form_id,
            analysis.form.code,
            load_matrix(stage.sitting, analysis.form),
            key_of(analysis.key_version),
        )
        for analysis in newest_analyses(stage.sitting)
    ]
    key = next(form.key for form in forms if form.form_id == run.form_id)
    change = changed_key(key, alarm.form_item, DecisionKind.REKEY, alarm.suggested)
    effects = key_effects(spec, forms, run.form_id, change)
    return {
        "people": effects.people,
        "passed_before": effects.passed_before,
        "passed_after": effects.passed_after,
        "up": effects.up,
        "down": effects.down,
        "changed_scores": effects.changed_scores,
    }


def _hold_pairs(stage: Stage) -> None:
    """Hold the results of pairs that agree too well until somebody has heard them."""
    pairs = SimilarPair.objects.filter(
        run__in=newest_analyses(stage.sitting), adjusted__lt=ALIKE
    ).select_related("first", "second")
    held = set(ResultHold.objects.values_list("registration_id", flat=True))
    for pair in pairs:
        for registration in (pair.first, pair.second):
            if registration.pk not in held:
                held.add(registration.pk)
                hold_result(
                    registration=registration, reason="คำตอบคล้ายกันเกินควร รอคำชี้แจง",
                    by=stage.user("examiner"), at=stage.day(11),
                )  # fmt: skip


def _analysis_figures(stage: Stage) -> dict[str, Any]:
    runs = AnalysisRun.objects.filter(sitting=stage.sitting, state=RunState.DONE)
    first = {run.form.code: run for run in runs.select_related("form").order_by("-pk")}
    flagged = [
        {
            "form": code,
            "item": statistic.form_item.item.code,
            "flags": statistic.flags,
            "suggested": statistic.suggested,
        }
        for code, run in sorted(first.items())
        for statistic in run.item_statistics.exclude(flags=[])
        .select_related("form_item__item")
        .order_by("-urgency")
    ]
    decisions = ItemDecision.objects.filter(run__in=runs, signed_at__isnull=False)
    rekeyed = decisions.filter(kind=DecisionKind.REKEY).select_related("form_item__item")
    pairs = SimilarPair.objects.filter(run__in=newest_analyses(stage.sitting), adjusted__lt=ALIKE)
    return {
        "runs": runs.count(),
        "alpha": {code: run.result["reliability"]["alpha"] for code, run in first.items()},
        "flagged": len(flagged),
        "items": flagged,
        "undecided": sum(len(undecided(run)) for run in newest_analyses(stage.sitting)),
        "rekeyed": rekeyed.count(),
        "changes": [
            {"item": d.form_item.item.code, "right": d.value, **d.effects} for d in rekeyed
        ],
        "pairs": sorted(
            [pair.first.number, pair.second.number]
            for pair in pairs.select_related("first", "second")
        ),
    }


# --- scores --------------------------------------------------------------------------------------


def score_everybody(stage: Stage) -> Told:
    """Forms equated, scale and cut applied: a score, an absence or a hold for everyone."""
    sitting = stage.sitting
    if newest_scaling(sitting) is None:
        run = ScalingRun.objects.filter(sitting=sitting).first() or create_scaling(
            sitting=sitting, by=stage.user("examiner"), at=stage.day(14)
        )
        with stage.teller.bar("scores") as report:
            perform(run, report)
        if run.state != RunState.DONE:
            raise RuntimeError(run.error)
    scaling = newest_scaling(sitting)
    assert scaling is not None
    seats = Booking.objects.filter(registration__sitting=sitting, state="confirmed").count()
    counted = outcomes(scaling, seats=seats)
    figures = {
        "second_scoring_differs": score_twice(stage, scaling),
        "scored": counted.scored,
        "absent": counted.absent,
        "held": counted.held,
        "lost": counted.lost,
        "passed": counted.passed,
        "pass_rate": counted.pass_rate,
        "equating": scaling.result["equating"],
        "digest": scaling.digest,
    }
    what = "{scored:,} scores, {absent:,} absences, {held} held".format(**figures)
    return what, figures
