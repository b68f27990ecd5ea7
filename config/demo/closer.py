"""A closer look at the answers: a response model, all pairs of a centre, and a case of one pair."""

from datetime import timedelta
from typing import Any

from centres.common.runs import Run, RunState, perform
from config.demo.before import Told
from config.demo.stage import Stage
from scheduling.models import Paper
from scoring.actions.calibration import create_calibration
from scoring.actions.integrity import add_note, open_case, propose_closing
from scoring.actions.similarity import create_similarity
from scoring.models import (
    AlikePair,
    CalibrationRun,
    CaseOutcome,
    IntegrityCase,
    Reach,
    ResponseModel,
    SimilarityRun,
)

MODELS = (ResponseModel.ONE, ResponseModel.TWO)
MANY = 10_000  # people above whom one model is enough to show


def look_closer(stage: Stage) -> Told:
    """Two models to compare, every pair of a centre compared, and the most striking looked into."""
    paper = Paper.objects.get(exam_id=stage.sitting.exam_id)
    wanted = MODELS[-1:] if stage.journal.size > MANY else MODELS
    models = [_calibrated(stage, paper, model) for model in wanted]
    pairs = _compared(stage, paper, Reach.CENTRE)
    _compared(stage, paper, Reach.BESIDE)
    for pair in AlikePair.objects.filter(run=pairs, room_session__isnull=False)[:1]:
        _look_into(stage, pair)
    figures = _figures(models[-1], pairs)
    what = (
        "2PL {convergence}; {looked_at:,} pairs compared, {alike} too alike, {cases} case".format(
            convergence="converged" if figures["converged"] else "did not converge", **figures
        )
    )
    return what, figures


def _calibrated(stage: Stage, paper: Paper, model: ResponseModel) -> CalibrationRun:
    """The finished calibration by a model, made or taken up again where needed."""
    runs = CalibrationRun.objects.filter(sitting=stage.sitting, paper=paper, model=model)
    run = runs.order_by("-pk").first() or create_calibration(
        sitting=stage.sitting, paper=paper, model=model,
        by=stage.user("examiner"), at=stage.day(11),
    )  # fmt: skip
    _done(stage, run, f"model {model}")
    return run


def _compared(stage: Stage, paper: Paper, reach: Reach) -> SimilarityRun:
    runs = SimilarityRun.objects.filter(sitting=stage.sitting, reach=reach)
    run = runs.first() or create_similarity(
        sitting=stage.sitting, paper=paper, reach=reach,
        by=stage.user("integrity"), at=stage.day(11),
    )  # fmt: skip
    _done(stage, run, "pairs of a centre" if reach == Reach.CENTRE else "pairs side by side")
    return run


def _done(stage: Stage, run: Run, name: str) -> None:
    if run.state != RunState.DONE:
        with stage.teller.bar(name) as report:
            perform(run, report)
    if run.state != RunState.DONE:
        raise RuntimeError(run.error)


def _look_into(stage: Stage, pair: AlikePair) -> None:
    """One opens the case, the other looks at the room, and a closing waits for a second person."""
    first, second = stage.user("integrity"), stage.user("integrity2")
    at = stage.day(12)
    if IntegrityCase.objects.filter(sitting=stage.sitting).exists():
        return
    case = open_case(pair=pair, reason="คำตอบผิดตรงกันมากผิดปกติและนั่งใกล้กัน ขอตรวจดู", by=first, at=at)
    add_note(
        case=case, text="ดูผังห้องและบันทึกแล้ว สองคนนั่งติดกันในรอบเดียวกัน ผู้คุมสอบไม่ได้บันทึกเหตุใด",
        by=second, at=at + timedelta(hours=3),
    )  # fmt: skip
    add_note(
        case=case, text="โทรหาทั้งสองคนแยกกัน คนหนึ่งบอกว่าไม่รู้จักอีกคน อีกคนขอชี้แจงเป็นหนังสือ",
        by=first, at=at + timedelta(days=1),
    )  # fmt: skip
    propose_closing(
        case=case, outcome=CaseOutcome.REFERRED,
        reason="หลักฐานพอให้คณะกรรมการรับฟังทั้งสองฝ่าย ไม่ใช่คำตัดสิน",
        by=first, at=at + timedelta(days=2),
    )  # fmt: skip


def _figures(model: CalibrationRun, pairs: SimilarityRun) -> dict[str, Any]:
    return {
        "converged": model.result["converged"],
        "odd": model.result["odd"]["found"],
        "looked_at": pairs.result["looked_at"],
        "alike": pairs.result["alike"],
        "cases": IntegrityCase.objects.filter(sitting=pairs.sitting_id).count(),
    }
