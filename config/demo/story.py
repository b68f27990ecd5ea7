"""The whole story: its steps in order, each told, measured and written down when it is done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from config.demo.after import analyse_answers, collect_answers, play_exam_days, score_everybody
from config.demo.before import Told, make_country, seat_everybody
from config.demo.cards import issue_cards
from config.demo.closer import look_closer
from config.demo.flood import flood
from config.demo.journal import Done
from config.demo.opening_day import make_opening_day
from config.demo.others import make_others
from config.demo.papers import make_papers
from config.demo.publishing import publish
from config.demo.stage import Stage
from config.demo.teller import Measure


@dataclass(frozen=True)
class Step:
    """One step: its name, and what does it. Doing it again changes nothing."""

    name: str
    act: Callable[[Stage], Told]


STEPS = (
    Step("Country", make_country),
    Step("Allocation", seat_everybody),
    Step("Admission cards", issue_cards),
    Step("Exam days", play_exam_days),
    Step("Answers", collect_answers),
    Step("Analysis", analyse_answers),
    Step("Scores", score_everybody),
    Step("Models and pairs", look_closer),
    Step("Publication", publish),
    Step("Today", make_others),
    Step("Flood", flood),
    Step("Several papers", make_papers),
    Step("Opening day", make_opening_day),
)


def play(stage: Stage) -> None:
    """Every step that is not done yet, then the table and the figures."""
    journal, teller = stage.journal, stage.teller
    for number, step in enumerate(STEPS, start=1):
        done = journal.of(step.name)
        if done is None:
            teller.say(f"{number}. {step.name}")
            journal.note(_measured(step, stage))
        else:
            teller.say(f"{number}. {step.name}: done before, {done.what}")
    teller.table(journal.done)
    teller.figures(figures_for_people(journal.done))
    journal.finished = True
    journal.keep()


def _measured(step: Step, stage: Stage) -> Done:
    measure = Measure()
    what, figures = step.act(stage)
    return Done(step.name, what, measure.seconds, measure.memory_mib, figures)


# --- what matters to a person --------------------------------------------------------------------


def figures_for_people(steps: list[Done]) -> list[tuple[str, str]]:
    """The short list: wishes, distances, who passed, what was wrong with the paper."""
    told = {step.name: step.figures for step in steps}
    return [
        *_wishes(told["Allocation"]),
        *_outcomes(told["Scores"]),
        *_paper(told["Analysis"]),
    ]


def _wishes(figures: dict[str, Any]) -> list[tuple[str, str]]:
    plan, first_come = figures["plan"], figures["first_come"]
    return [
        (
            "First wish granted",
            f"{_first(plan)}   (first come, first served: {_first(first_come)})",
        ),
        ("Mean distance", f"{plan['mean_km']:.1f} km   ({first_come['mean_km']:.1f} km)"),
        ("Longest distance", f"{plan['longest_km']:.0f} km   ({first_come['longest_km']:.0f} km)"),
    ]


def _first(measures: dict[str, Any]) -> str:
    """Share of people who got exactly what they wished for first, in percent."""
    return f"{100 * measures['by_rank'][1] / measures['people']:.1f} %"


def _outcomes(figures: dict[str, Any]) -> list[tuple[str, str]]:
    rate = f"{figures['pass_rate']:.1f} %   ({figures['passed']:,} of {figures['scored']:,})"
    return [("Passed", rate)]


def _paper(figures: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [("Items flagged", str(figures["flagged"]))]
    for item in figures["items"]:
        words = ", ".join(flag.replace("_", " ") for flag in item["flags"])
        rows.append((f"  form {item['form']}, item {item['item']}", words))
    for change in figures["changes"]:
        effect = f"key changed to {change['right']}: {change['up']:,} more pass"
        rows.append((f"  item {change['item']}", f"{effect}, {change['down']:,} no longer do"))
    for first, second in figures["pairs"]:
        rows.append((f"  {first} and {second}", "answers agree too well; both results held"))
    return rows
