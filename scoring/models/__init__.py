from scoring.models.analysis import (
    AnalysisRun,
    DecisionKind,
    ItemDecision,
    ItemStatistic,
    OptionStatistic,
    RawScore,
    SimilarPair,
)
from scoring.models.calibration import (
    CalibratedItem,
    CalibrationRun,
    GroupDifference,
    PersonMeasure,
    ResponseModel,
)
from scoring.models.integrity import (
    AlikePair,
    CaseEntry,
    CaseOutcome,
    EntryKind,
    IntegrityCase,
    Reach,
    SimilarityRun,
)
from scoring.models.items import FormItem, Item, KeyVersion
from scoring.models.responses import (
    AnswerSheet,
    ExceptionKind,
    Resolution,
    ResponseException,
    ResponseFile,
)
from scoring.models.results import (
    CandidateScore,
    Equating,
    Outcome,
    Publication,
    PublicationState,
    ResultHold,
    ScaleSpec,
    ScalingRun,
    SealingRun,
)

__all__ = [
    "AlikePair", "CalibratedItem", "CalibrationRun", "CaseEntry", "CaseOutcome", "EntryKind",
    "GroupDifference", "IntegrityCase", "PersonMeasure", "Reach", "ResponseModel", "SimilarityRun",
    "AnalysisRun", "AnswerSheet", "CandidateScore", "DecisionKind", "Equating", "ExceptionKind",
    "FormItem", "Item", "ItemDecision", "ItemStatistic", "KeyVersion", "OptionStatistic", "Outcome",
    "Publication", "PublicationState", "RawScore", "Resolution", "ResponseException",
    "ResponseFile", "ResultHold", "ScaleSpec", "ScalingRun", "SealingRun", "SimilarPair",
]  # fmt: skip
