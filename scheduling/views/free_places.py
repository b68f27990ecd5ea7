"""Where places are free, for everybody: one page however many look, asked of the database once a
second, and "not modified" to whoever has it already."""

import time
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from centres.common.http import same_for_all
from centres.models import Centre
from scheduling.models import AccessClass, ExamSession, Sitting
from scheduling.queries.availability import availability

KEPT_FOR = 60.0  # seconds that names of places are kept


@dataclass(frozen=True)
class _Names:
    sitting: Sitting
    centres: dict[int, Centre]
    sessions: dict[int, ExamSession]


_kept: dict[int, tuple[float, _Names | None]] = {}


def _names(key: int) -> _Names:
    """The sitting with its centres and sessions, read once a minute; also that there is none."""
    now = time.monotonic()
    kept = _kept.get(key)
    if kept is None or now - kept[0] > KEPT_FOR:
        if len(_kept) > 1000:  # somebody counts through the numbers
            _kept.clear()
        sitting = Sitting.objects.select_related("exam").filter(pk=key).first()
        names = None
        if sitting is not None:
            sessions = {one.pk: one for one in sitting.exam_sessions.all()}
            names = _Names(sitting, {one.pk: one for one in Centre.objects.all()}, sessions)
        kept = _kept[key] = now, names
    if kept[1] is None:
        raise Http404
    return kept[1]


def forget_names() -> None:
    """Read anew at the next question: for tests."""
    _kept.clear()


@same_for_all
@require_GET
def free_places(request: HttpRequest, key: int) -> HttpResponse:
    """Is there still a place, and where?"""
    names = _names(key)
    at = timezone.now()
    now, is_closed = availability(key, at), names.sitting.is_frozen(at)
    has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
    reader = f"{get_language()}-{request.COOKIES.get('theme', '')}-{has_session:d}{is_closed:d}"
    etag = f'"{now.version}-{reader}"'
    answer = get_conditional_response(request, etag=etag)
    if isinstance(answer, HttpResponseNotModified):
        return answer
    standard = {
        (one.centre, one.exam_session): one.free for one in now.of_class(AccessClass.STANDARD)
    }
    rows = [
        (centre, [standard.get((centre.pk, key)) for key in names.sessions])
        for centre in names.centres.values()
        if any((centre.pk, key) in standard for key in names.sessions)
    ]
    context = {
        "sitting": names.sitting, "sessions": names.sessions.values(), "rows": rows,
        "now": now,
        "is_closed": is_closed,
    }  # fmt: skip
    response = render(request, "scheduling/free_places.html", context)
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=1"
    return response
