"""What a new key changed: whose raw score, who crossed the cut, and which groups."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from scoring.errors import CannotEquate, NoScale
from scoring.models import AnalysisRun, FormItem
from scoring.queries.form_figures import Difference, difference, former_run
from scoring.studies.what_if import KeyEffects, rescoring_effects
from scoring.views import form_charts
from scoring.views.acting import pages_of
from scoring.views.decisions import divided_effects
from scoring.views.examiner import READERS
from scoring.views.movers import WRITERS, movers_file, shown_movers
from scoring.views.person import nationwide
from scoring.views.whole_form import finished_or_404, form_rows

PER_PAGE = 50


@require_GET
@nationwide(*READERS)
def run_difference(request: HttpRequest, key: int) -> HttpResponse:
    """What did the new key change, for how many, and who passes now who did not before?"""
    run = finished_or_404(key)
    before = former_run(run)
    if before is None:
        return redirect("item_table", run.pk)
    found, effects = difference(before, run), _effects(before, run)
    page = pages_of(effects.movers if effects else (), request.GET, PER_PAGE)
    context = {
        "run": run,
        "before": before,
        "found": found,
        "heading": _heading(found, effects),
        "rows": form_rows([before, run]),
        "bars": form_charts.step_bars(found.moved),
        "effects": effects,
        "page": page,
        "movers": shown_movers(list(page), _changed_places(run, found)),
        "divided": divided_effects(effects) if effects else [],
    }
    return render(request, "scoring/examiner/difference.html", context)


@require_GET
@nationwide(*READERS)
def crossed(request: HttpRequest, key: int, kind: str) -> HttpResponse:
    """Everybody who crossed the cut by the new key, as a file."""
    run = finished_or_404(key)
    before = former_run(run)
    effects = _effects(before, run) if before else None
    if before is None or effects is None or kind not in WRITERS:
        raise Http404
    people = shown_movers(effects.movers, _changed_places(run, difference(before, run)))
    keys = f"v{before.key_version.number} > v{run.key_version.number}"
    made_by = f"#{before.pk} > #{run.pk}, {keys}, {run.input_digest[:16]}"
    return movers_file(people, made_by, f"crossed-{run.form.code}-{run.pk}", kind)


def _effects(before: AnalysisRun, run: AnalysisRun) -> KeyEffects | None:
    """Who crossed; nothing where no scale, and so no cut, is set yet."""
    try:
        return rescoring_effects(before, run)
    except (NoScale, CannotEquate):
        return None


def _changed_places(run: AnalysisRun, found: Difference) -> list[FormItem]:
    codes = [change.code for change in found.keys]
    places = FormItem.objects.filter(form=run.form_id, item__code__in=codes)
    return list(places.select_related("form").order_by("position"))


def _heading(found: Difference, effects: KeyEffects | None) -> str:
    if not found.changed:
        return _("The newer analysis changes nobody's raw score")
    sentence = ngettext(
        "The raw score of %(count)s person changed",
        "The raw scores of %(count)s people changed",
        found.changed,
    )
    said = sentence % {"count": f"{found.changed:,}"}
    if effects is None:
        return said
    crossed = _("%(said)s: %(up)s pass now, %(down)s no longer")
    return crossed % {"said": said, "up": f"{effects.up:,}", "down": f"{effects.down:,}"}
