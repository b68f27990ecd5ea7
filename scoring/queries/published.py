"""A stored analysis under the published names, so that whatever carries one carries both.

The shape is that of `manage.py analyse`: what a file gave there, the tables give here.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from scoring.models import AnalysisRun, ItemDecision, ItemRemark, ItemStatistic, OptionStatistic
from scoring.queries.form_figures import WAYS, group_names
from scoring.queries.items import FLAGS, key_text

Row = dict[str, Any]

URGENT: Final = frozenset(
    {
        "two_right_answers",
        "negative_discrimination",
        "very_low_discrimination",
        "favours_a_group",
    }
)


def published(run: AnalysisRun) -> Row:
    """Everything an analysis found, by its published names."""
    items = list(
        run.item_statistics.select_related("form_item__item").order_by("form_item__position")
    )
    options = list(
        run.option_statistics.select_related("form_item__item").order_by(
            "form_item__position", "option"
        )
    )
    keys = {row["item"]: row for row in run.key_version.item_keys}
    kept = run.result
    return {
        "made": made_of(run),
        "reliability": _reliability(kept, items),
        "scores": _scores(kept),
        "speed": _speed(kept.get("speed")),
        "items": [_item(row, keys.get(row.form_item.item.code, {})) for row in items],
        "options": [_option(row) for row in options],
        "curves": [_curve(row) for row in options],
        "flags": _flags(items),
        "irt": _irt(kept.get("irt"), items),
        "parts": _parts(kept.get("parts")),
        "groups": _groups(run),
        "decisions": [_decision(one) for one in decisions_about(run)],
        "remarks": [_remark(one) for one in remarks_about(run)],
        "findings": [
            {"finding": one["code"], "subject": one["subject"] or None, "count": one["count"]}
            for one in kept["findings"]
        ],
    }


def made_of(run: AnalysisRun) -> Row:
    """What the figures were made from, so that anyone can make them again."""
    by = run.started_by.shown_name if run.started_by else ""
    return {
        "analysis": run.pk,
        "sitting": run.sitting.code,
        "paper": run.form.paper.code,
        "form": run.form.code,
        "key_version": run.key_version.number,
        "key_digest": run.key_version.digest,
        "input_digest": run.input_digest,
        "result_digest": run.digest,
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "started_by": by,
    }


def decisions_about(run: AnalysisRun) -> Iterable[ItemDecision]:
    """Every decision about items of this form in this sitting, the first one first."""
    made = ItemDecision.objects.filter(run__sitting=run.sitting_id, run__form=run.form_id)
    return made.select_related(
        "form_item__item", "proposed_by", "signed_by", "key_version"
    ).order_by("pk")


def remarks_about(run: AnalysisRun) -> Iterable[ItemRemark]:
    """Every remark about items of this form in this sitting, the first one first."""
    made = ItemRemark.objects.filter(run__sitting=run.sitting_id, run__form=run.form_id)
    return made.select_related("form_item__item", "by").order_by("pk")


def _reliability(kept: Row, items: list[ItemStatistic]) -> Row:
    more, shape = kept.get("consistency") or {}, kept.get("shape") or {}
    quarters = shape.get("quarters") or (None, None, None)
    people = kept["reliability"]["persons"]
    return dict(kept["reliability"]) | {
        "omega": more.get("omega"),
        "alpha_standardised": more.get("standardised"),
        "lambda6": more.get("lambda6"),
        "alpha_error": more.get("alpha_error"),
        "lowest": shape.get("lowest"),
        "highest": shape.get("highest"),
        "quarter": quarters[0],
        "median": quarters[1],
        "three_quarters": quarters[2],
        "skew": shape.get("skew"),
        "kurtosis": shape.get("kurtosis"),
        "complete": all(row.n == people for row in items),
    }


def _scores(kept: Row) -> list[Row]:
    errors = kept.get("errors") or []
    return [
        {"raw": raw, "people": people, "error": errors[raw] if raw < len(errors) else None}
        for raw, people in enumerate(kept["distribution"])
    ]


def _speed(kept: Row | None) -> Row | None:
    if kept is None:
        return None
    names = {"got_most": "got_three_quarters", "place": "places_reached_by_80"}
    return {names.get(name, name): value for name, value in kept.items() if name != "reached"}


def _item(row: ItemStatistic, key: Mapping[str, Any]) -> Row:
    worth, p, n = key.get("weight", 1), row.p, row.n
    spread = None if p is None or n < 2 else worth * (p * (1 - p) * n / (n - 1)) ** 0.5
    return {
        "item": row.form_item.item.code,
        "place": row.form_item.position,
        "key": key_text(dict(key)) if key else "",
        "n": n,
        "p": p,
        "mean": None if p is None else p * worth,
        "sd": spread,
        "item_total": row.item_total,
        "item_rest": row.item_rest,
        "biserial": row.biserial,
        "upper_lower": row.upper_lower,
        "alpha_if_deleted": row.alpha_if_deleted,
        "omitted": row.omitted,
        "not_reached": row.not_reached,
        "counted": key.get("rule") != "dropped",
        "maximum": worth,
        "flags": list(row.flags),
    }


def _option(row: OptionStatistic) -> Row:
    return {
        "item": row.form_item.item.code,
        "option": row.option,
        "is_key": row.is_key,
        "n": row.n,
        "p": row.p,
        "option_total": row.option_total,
        "option_rest": row.option_rest,
        "mean_total": row.mean_score,
        "low": None,
        "mid": None,
        "high": None,
    }


def _curve(row: OptionStatistic) -> Row:
    share = [None if percent is None else percent / 100 for percent in row.curve]
    return {"item": row.form_item.item.code, "option": row.option, "share": share}


def _flags(items: list[ItemStatistic]) -> list[Row]:
    """As the analysis raised them, the most urgent item first."""
    return [
        {
            "item": row.form_item.item.code,
            "flag": code,
            "severity": severity_of(code),
            "suggested_key": row.suggested
            if FLAGS[code].group == "key" and row.suggested
            else None,
            "evidence": row.evidence.get(code, {}),
        }
        for row in sorted(items, key=lambda row: -row.urgency)
        for code in row.flags
    ]


def severity_of(code: str) -> str:
    """How urgent a flag is, by its code."""
    if code == "wrong_key":
        return "alarm"
    return "act" if code in URGENT else "review"


def _irt(kept: Row | None, items: list[ItemStatistic]) -> Row | None:
    if kept is None:
        return None
    names = ("a", "b", "se_a", "se_b")
    rows = [
        {"item": row.form_item.item.code, **{name: getattr(row, name) for name in names}}
        for row in items
    ]
    return kept | {"items": rows}


def _parts(kept: Row | None) -> Row | None:
    if kept is None:
        return None
    parts = [{"part": part["name"]} | part for part in kept["parts"]]
    return {"stratified_alpha": kept["stratified"], "parts": parts}


def _groups(run: AnalysisRun) -> list[Row]:
    found = []
    for by in WAYS:
        rows = list(run.groups.filter(by=by))
        names = group_names(by, [row.name for row in rows])
        found += [
            {
                "by": by,
                "group": names[row.name],
                "persons": row.people,
                "mean": row.mean,
                "sd": row.sd,
                "alpha": row.alpha,
                "sem": row.sem,
            }
            for row in rows
        ]
    return found


def _decision(one: ItemDecision) -> Row:
    return {
        "item": one.form_item.item.code,
        "decision": one.get_kind_display(),
        "value": one.value,
        "reason": one.reason,
        "proposed_by": one.proposed_by.shown_name,
        "proposed_at": one.proposed_at.isoformat(),
        "signed_by": one.signed_by.shown_name if one.signed_by else None,
        "signed_at": one.signed_at.isoformat() if one.signed_at else None,
        "sign_reason": one.sign_reason,
        "sent_back_at": one.withdrawn_at.isoformat() if one.withdrawn_at else None,
        "key_version": one.key_version.number if one.key_version else None,
        "up": one.effects.get("up"),
        "down": one.effects.get("down"),
    }


def _remark(one: ItemRemark) -> Row:
    return {
        "item": one.form_item.item.code,
        "by": one.by.shown_name,
        "at": one.at.isoformat(),
        "text": one.text,
    }
