from django.urls import path

from scoring.views import (
    balance,
    bank,
    bench,
    calibration,
    candidate,
    decisions,
    difference,
    examiner,
    exceptions,
    integrity,
    keys,
    layouts,
    publication,
    readings,
    reports,
    second,
    sheets,
    signatures,
    whole_form,
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
    path("examiner/analyses/<int:key>/test/", whole_form.whole_test, name="whole_test"),
    path("examiner/analyses/<int:key>/groups/", whole_form.form_groups, name="form_groups"),
    path(
        "examiner/analyses/<int:key>/difference/", difference.run_difference, name="run_difference"
    ),
    path(
        "examiner/analyses/<int:key>/difference/crossed.<str:kind>",
        difference.crossed,
        name="crossed",
    ),
    path("examiner/analyses/<int:key>/report.<str:kind>", reports.report, name="report"),
    path(
        "examiner/sittings/<int:key>/papers/<int:paper>/forms/",
        whole_form.compare_forms,
        name="compare_forms",
    ),
    path(
        "examiner/analyses/<int:key>/items/<int:place>/remedies/",
        decisions.remedies,
        name="remedies",
    ),
    path(
        "examiner/analyses/<int:key>/items/<int:place>/propose/", decisions.propose, name="propose"
    ),
    path("examiner/analyses/<int:key>/items/<int:place>/remark/", decisions.remark, name="remark"),
    path("examiner/analyses/<int:key>/together/", bench.together, name="together"),
    path("examiner/analyses/<int:key>/keep/", decisions.keep, name="keep_keys"),
    path("examiner/bank/", bank.banks, name="banks"),
    path("examiner/bank/<int:key>/", bank.bank, name="bank"),
    path("examiner/bank/<int:key>/items.xlsx", bank.bank_file, name="bank_file"),
    path("examiner/bank/<int:key>/blueprint/", bank.blueprint, name="blueprint"),
    path("examiner/bank/<int:key>/blueprint.xlsx", bank.blueprint_file, name="blueprint_file"),
    path("examiner/bank/items/<int:key>/", bank.bank_item, name="bank_item"),
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
    path("staff/results/<int:key>/sheets/take-in/", sheets.take_in, name="take_in"),
    path("staff/intake/<int:key>/progress/", sheets.intake_progress, name="intake_progress"),
    path("staff/intake/<int:key>/cancel/", sheets.cancel, name="cancel_intake"),
    path("staff/results/<int:key>/exceptions/", exceptions.exceptions, name="exceptions"),
    path("staff/results/<int:key>/exceptions/aside/", exceptions.set_aside, name="set_aside"),
    path("staff/exceptions/<int:key>/", exceptions.line, name="resolve_exception"),
    path("staff/results/<int:key>/readings/", readings.reading, name="readings"),
    path("staff/results/<int:key>/readings/settle/", readings.settle_page, name="settle_page"),
    path("staff/readings/<int:key>/settle/", readings.settle, name="settle_difference"),
    path("staff/results/<int:key>/balance/", balance.balanced, name="balance"),
    path("staff/results/<int:key>/balance/explain/", balance.explain, name="explain_missing"),
    path(
        "staff/results/<int:key>/signatures/<str:matter>/sign/", signatures.sign, name="sign_intake"
    ),
    path("staff/signatures/<int:key>/take-back/", signatures.take_back, name="take_back_signature"),
    path("staff/scalings/<int:key>/second/", second.second_scoring, name="second_scoring"),
    path("staff/scalings/<int:key>/second/again/", second.score_again, name="score_again"),
    path(
        "staff/scalings/<int:key>/second/progress/", second.second_progress, name="second_progress"
    ),
    path("examiner/forms/<int:key>/layout/", layouts.layout, name="form_layout"),
    path("examiner/forms/<int:key>/layout/send/", layouts.lay_out, name="lay_out_form"),
    path("examiner/keys/", keys.keys, name="keys"),
    path("examiner/keys/<int:key>/", keys.key, name="form_key"),
    path("examiner/keys/<int:key>/begin/", keys.begin, name="begin_key_round"),
    path("examiner/keys/<int:key>/enter/", keys.enter, name="enter_key"),
    path("examiner/keys/<int:key>/call-off/", keys.call_off, name="call_off_key_round"),
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
