"""The item bank of the invented paper: its blueprint, drafts nobody has seen, and what was said."""

from collections import Counter

from config.demo.items import STANDARDS, Paper
from config.demo.stage import Stage
from scoring.actions.bank import set_blueprint, take_in_items
from scoring.actions.items import NewItem
from scoring.actions.remarks import add_remark
from scoring.bank_file import NewCell
from scoring.models import AnalysisRun, Blueprint, Item, ItemRemark, ItemStatistic

LEEWAY = 5  # items more or fewer than the first form has that the committee allows
DRAFTS = 18

SAID = {
    "wrong_key": (
        "เปิดตำราแล้ว ตัวเลือกที่คนเก่งเลือกถูกต้อง เฉลยในแฟ้มน่าจะพิมพ์สลับกับข้อถัดไป",
        "เห็นด้วย ขอให้ตรวจต้นฉบับเล่มที่พิมพ์ด้วย",
    ),
    "favours_a_group": ("เนื้อหาอาจคุ้นกับกลุ่มหนึ่งมากกว่า ขอให้ผู้ทรงคุณวุฒิอ่านโจทย์อีกครั้ง",),
}


def fill_bank(stage: Stage) -> None:
    """A blueprint made after the first form, which the second does not quite keep; new drafts."""
    paper = stage.sitting.exam.papers.get()
    if not Blueprint.objects.filter(paper=paper).exists():
        set_blueprint(
            paper=paper, cells=_cells(stage.paper),
            reason="มติคณะอนุกรรมการออกข้อสอบ",
            by=stage.user("examiner"), at=stage.day(-40),
        )  # fmt: skip
    if not Item.objects.filter(paper=paper, code="N001").exists():
        take_in_items(
            paper=paper, items=_drafts(), digest="",
            by=stage.user("examiner2"), at=stage.day(-10),
        )  # fmt: skip


def _cells(paper: Paper) -> list[NewCell]:
    counts = Counter(paper.competency(item) for item in paper.forms[0].tolist())
    return [
        NewCell(*names, least=max(count - LEEWAY, 0), most=count + LEEWAY)
        for names, count in sorted(counts.items())
    ]


def _drafts() -> list[NewItem]:
    """Drafts for the next sitting. Some still lack their English; one lacks its competency."""
    drafts = []
    for number in range(1, DRAFTS + 1):
        standard_th, standard_en, topics = STANDARDS[number % len(STANDARDS)]
        topic_th, topic_en = topics[number % len(topics)]
        drafts.append(
            NewItem(
                f"N{number:03}", "ABCD" if number % 3 else "ABCDE", standard_th, standard_en,
                f"ร่าง: สถานการณ์ใดแสดงถึง{topic_th}ได้ดีที่สุด",
                "" if number % 4 == 0 else f"Draft: which case shows {topic_en} best?",
                "" if number == 7 else topic_th, "" if number == 7 else topic_en,
            )
        )  # fmt: skip
    return drafts


def speak_of_items(stage: Stage) -> None:
    """What two of the committee said about the items that were flagged most urgently."""
    if ItemRemark.objects.exists():
        return
    runs = AnalysisRun.objects.filter(sitting=stage.sitting, state="done").order_by("pk")
    for code, sentences in SAID.items():
        rows = ItemStatistic.objects.filter(run__in=runs, urgency__gt=0).select_related(
            "run", "form_item__item", "form_item__form"
        )
        found = next((r for r in rows.order_by("run_id", "-urgency") if code in r.flags), None)
        if found is None:
            continue
        for speaker, text in zip(("examiner2", "examiner"), sentences, strict=False):
            add_remark(
                run=found.run, form_item=found.form_item, text=text,
                by=stage.user(speaker), at=stage.day(9),
            )  # fmt: skip
