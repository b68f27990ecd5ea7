"""The delivery log: what was written to whom, and what came of it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError, NotAllowed
from centres.common.http import role_required
from centres.common.outbox import Letter, said_by, send_again
from centres.models import Role, User
from centres.queries import letters_by_state, letters_found, works_everywhere

READERS = (Role.STAFF, Role.HEADQUARTERS)
WITHOUT_TEXT = "centres.letters.one_time_code"  # its text is a key to somebody's account


def _person(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User) or not works_everywhere(user, *READERS):
        raise NotAllowed
    return user


@require_GET
@role_required(*READERS)
def outbox(request: HttpRequest) -> HttpResponse:
    """Newest first: what waits, what was sent, what was given up."""
    _person(request)
    asked = {name: request.GET.get(name, "").strip() for name in ("state", "about")}
    page = Paginator(letters_found(**asked), 50).get_page(request.GET.get("page"))
    rows = [(letter, _subject(letter)) for letter in page]
    context = {"page": page, "rows": rows, "asked": asked, "counts": letters_by_state()}
    return render(request, "centres/outbox.html", context)


def _subject(letter: Letter) -> str:
    if letter.wording == WITHOUT_TEXT:
        return _("Your one-time code")
    return said_by(letter, get_language() or "th").subject


@require_GET
@role_required(*READERS)
def letter(request: HttpRequest, key: int) -> HttpResponse:
    """One message: what it says in both languages, and every try."""
    _person(request)
    found = get_object_or_404(Letter, pk=key)
    is_secret = found.wording == WITHOUT_TEXT
    said = [] if is_secret else [(language, said_by(found, language)) for language in ("th", "en")]
    context = {"letter": found, "said": said, "deliveries": found.deliveries.all()}
    return render(request, "centres/letter.html", context)


@require_POST
@role_required(Role.STAFF)
def again(request: HttpRequest, key: int) -> HttpResponse:
    """Try a failed or doubtful message once more."""
    person = _person(request)
    found = get_object_or_404(Letter, pk=key)
    try:
        send_again(letter=found, by=person, at=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The message goes out again within seconds."))
    return redirect("letter", found.pk)
