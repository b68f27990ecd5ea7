from django.urls import path

from scoring.views import (
    calibration,
    candidate,
    decisions,
    examiner,
    integrity,
    publication,
    sheets,
)

urlpatterns = [
    path("my/result/", candidate.result, name="result"),
    path("results/lookup", candidate.lookup, name="result_lookup"),
    path("examiner/", examiner.analyses, name="analyses"),
    path("examiner/sittings/<int:key>/forms/<int:form>/analyse/", examiner.analyse, name="analyse"),
    path("examiner/sittings/<int:key>/scale/", examiner.scale, name="scale"),
    path("examiner/analyses/<int:key>/", examiner.items, name="item_table"),
    path(
        "examiner/analyses/<int:key>/progress/",
        examiner.analysis_progress,
        name="analysis_progress",
    ),
    path(
        "examiner/scalings/<int:key>/progress/", examiner.scaling_progress, name="scaling_progress"
    ),
    path("examiner/analyses/<int:key>/items/<int:place>/", examiner.item, name="item"),
    path(
        "examiner/analyses/<int:key>/items/<int:place>/remedies/",
        decisions.remedies,
        name="remedies",
    ),
    path(
        "examiner/analyses/<int:key>/items/<int:place>/propose/", decisions.propose, name="propose"
    ),
    path("examiner/decisions/<int:key>/sign/", decisions.sign, name="sign_decision"),
    path(
        "examiner/sittings/<int:key>/papers/<int:paper>/models/",
        calibration.models,
        name="calibrations",
    ),
    path(
        "examiner/sittings/<int:key>/papers/<int:paper>/models/start/",
        calibration.begin,
        name="calibrate",
    ),
    path("examiner/models/<int:key>/", calibration.calibration, name="calibration"),
    path(
        "examiner/models/<int:key>/progress/",
        calibration.calibration_progress,
        name="calibration_progress",
    ),
    path("examiner/models/<int:key>/cancel/", calibration.cancel, name="calibration_cancel"),
    path("examiner/models/<int:key>/people/", calibration.people, name="odd_answers"),
    path("examiner/models/<int:key>/people/<str:number>/", calibration.person, name="odd_person"),
    path("examiner/models/<int:key>/groups/", calibration.groups, name="group_differences"),
    path("integrity/", integrity.desk, name="integrity"),
    path(
        "integrity/sittings/<int:key>/papers/<int:paper>/compare/",
        integrity.compare,
        name="integrity_compare",
    ),
    path(
        "integrity/comparisons/<int:key>/progress/",
        integrity.comparison_progress,
        name="comparison_progress",
    ),
    path("integrity/comparisons/<int:key>/cancel/", integrity.cancel, name="comparison_cancel"),
    path("integrity/pairs/<int:key>/", integrity.pair, name="integrity_pair"),
    path("integrity/pairs/<int:key>/begin/", integrity.begin, name="integrity_begin"),
    path("integrity/cases/<int:key>/", integrity.case, name="integrity_case"),
    path("integrity/cases/<int:key>/act/", integrity.act, name="integrity_act"),
    path("integrity/cases/<int:key>/evidence/", integrity.evidence, name="integrity_evidence"),
    path("staff/results/", publication.publications, name="publications"),
    path("staff/results/<int:key>/", publication.gate, name="publication_gate"),
    path("staff/results/<int:key>/draft/", publication.draft, name="draft_publication"),
    path("staff/results/<int:key>/sheets/", sheets.sheets, name="answer_sheets"),
    path("staff/results/<int:key>/hold/", sheets.hold, name="hold_result"),
    path("staff/exceptions/<int:key>/", sheets.resolve, name="resolve_exception"),
    path("staff/publications/<int:key>/approve/", publication.approve, name="approve_publication"),
    path("staff/publications/<int:key>/back/", publication.send_back, name="send_back"),
    path("staff/publications/<int:key>/envelope/", publication.envelope, name="open_envelope"),
    path("staff/publications/<int:key>/release/", publication.release, name="release_publication"),
    path(
        "staff/publications/<int:key>/withdraw/", publication.withdraw, name="withdraw_publication"
    ),
    path(
        "staff/sealings/<int:key>/progress/", publication.sealing_progress, name="sealing_progress"
    ),
]
