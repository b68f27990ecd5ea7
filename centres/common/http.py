"""The doors: who may open an address, and how a broken rule reaches the screen.

Every view says who may open it. One that says nothing opens for nobody.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from centres.common.errors import DomainError, NotAllowed, NotForCandidates, OnlyForCandidates
from centres.models import Role, StaffRole

View = Callable[..., HttpResponseBase]

ANYONE = frozenset({"anyone"})
SIGNED_IN = frozenset({"signed_in"})
CANDIDATE = frozenset({"candidate"})

# Views of the libraries we use, which cannot carry our decorators.
LIBRARY_VIEWS = {
    "django.views.i18n.set_language": ANYONE,
    "django.views.static.serve": ANYONE,
    "django.contrib.staticfiles.views.serve": ANYONE,
}
CARD_DOOR = "sign_in_with_card"
ADMIN_PREFIX = "django.contrib.admin."


def access_of(view: View) -> frozenset[str] | None:
    """Who may open a view: role names, or one of the sets above; None when nobody said."""
    said: frozenset[str] | None = getattr(view, "access", None)
    if said is not None:
        return said
    module = getattr(view, "__module__", "")
    name = f"{module}.{getattr(view, '__name__', '')}"
    by_admin = hasattr(view, "admin_site") or hasattr(view, "model_admin")
    if by_admin or module.startswith(ADMIN_PREFIX):
        return frozenset({Role.ADMINISTRATOR})
    return LIBRARY_VIEWS.get(name)


def public(view: View) -> View:
    """Anyone may open this page."""
    view.access = ANYONE  # type: ignore[attr-defined]
    return view


def without_session(enough: Callable[[HttpRequest], bool]) -> Callable[[View], View]:
    """Of a request for which `enough` is true this page looks at no session, so that it costs no
    query for each visitor; what it shows, it shows to a guest."""

    def decorate(view: View) -> View:
        view.needs_no_session = enough  # type: ignore[attr-defined]
        return view

    return decorate


def same_for_all(view: View) -> View:
    """Anyone may open this page, and everybody sees the same: it looks at no session."""
    return without_session(lambda request: True)(public(view))


def signed_in(view: View) -> View:
    """Whoever is signed in may open this page."""
    view.access = SIGNED_IN  # type: ignore[attr-defined]
    return view


def candidate_required(view: View) -> View:
    """Only a signed-in candidate; the page narrows every row to `request.user.candidate`."""
    view.access = CANDIDATE  # type: ignore[attr-defined]
    return view


def role_required(*roles: Role) -> Callable[[View], View]:
    """Only these roles, signed in with a one-time code, may open this page."""

    def decorate(view: View) -> View:
        view.access = frozenset(str(role) for role in roles)  # type: ignore[attr-defined]
        return view

    return decorate


def roles_of(request: HttpRequest) -> frozenset[str]:
    """The names of the roles of the signed-in person; read once a request."""
    if not hasattr(request, "held_roles"):
        user = request.user
        names: list[str] = []
        if user.is_authenticated:
            names = list(StaffRole.objects.filter(user=user).values_list("role", flat=True))
        request.held_roles = frozenset(names)  # type: ignore[attr-defined]
    held: frozenset[str] = request.held_roles  # type: ignore[attr-defined]
    return held


def asked_page(request: HttpRequest) -> str:
    """Where to go after signing in: the asked page when it is ours, home otherwise."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if ours else reverse(settings.LOGIN_REDIRECT_URL)


class DefaultDenyMiddleware:
    """Opens a view to those it names, and to nobody when it names nobody.

    What a signed-in person was shown is kept nowhere: the next one at this computer who presses
    the back button sees nothing of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and "no-store" not in response.get("Cache-Control", ""):
            add_never_cache_headers(response)
        return response

    def process_view(
        self, request: HttpRequest, view: View, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        access = access_of(view)
        enough = getattr(view, "needs_no_session", None)
        if enough is not None and enough(request):
            request.user, request.held_roles = AnonymousUser(), frozenset()  # type: ignore[attr-defined]
            return None
        if access == ANYONE:
            return None
        if not request.user.is_authenticated:
            if access == CANDIDATE:
                return _to_the_candidates_door(request)
            return redirect_to_login(request.get_full_path(), reverse(settings.LOGIN_URL))
        if access == SIGNED_IN:
            return None
        if access == CANDIDATE:
            is_candidate = hasattr(request.user, "candidate")
            return None if is_candidate else refusal(request, OnlyForCandidates())
        if access is None or not roles_of(request) & access:
            works = roles_of(request)
            return refusal(request, NotAllowed() if works else NotForCandidates())
        if not request.user.is_verified():  # type: ignore[attr-defined]
            return redirect(f"{reverse('one_time_code')}?{urlencode({'next': request.path})}")
        return None


def _to_the_candidates_door(request: HttpRequest) -> HttpResponse:
    """Sign in as a candidate and go on; what was sent meanwhile is said not to count."""
    if request.method in ("GET", "HEAD"):
        return redirect(f"{reverse(CARD_DOOR)}?{urlencode({'next': request.get_full_path()})}")
    return redirect(f"{reverse(CARD_DOOR)}?{urlencode({'unsent': 1})}")


class DomainErrorMiddleware:
    """A DomainError that a view did not show itself becomes a page (or JSON) with its sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return refusal(request, error) if isinstance(error, DomainError) else None


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer with a broken rule's sentence, in the form the asker reads."""
    if request.headers.get("accept", "").startswith("application/json"):
        return JsonResponse({"code": error.code, "message": str(error)}, status=error.status)
    context = {"message": str(error), "code": error.code, "back": _page_before(request)}
    return render(request, "refusal.html", context, status=error.status)


def _page_before(request: HttpRequest) -> str:
    """The page of ours whose button was refused; a page that was only asked for has none."""
    before = request.headers.get("referer", "")
    ours = url_has_allowed_host_and_scheme(before, {request.get_host()}, request.is_secure())
    return before if ours and request.method == "POST" else ""


def page_frame(request: HttpRequest) -> dict[str, object]:
    """What base.html needs on every page: the reader's roles and chosen theme."""
    theme = request.COOKIES.get("theme", "light")
    user = getattr(request, "user", None)
    return {
        "roles": roles_of(request) if user is not None else frozenset(),
        "is_candidate": user is not None and hasattr(user, "candidate"),
        "has_session": settings.SESSION_COOKIE_NAME in request.COOKIES,
        "theme": theme if theme in ("light", "sun", "night") else "light",
        "is_demo": settings.DEMO,
    }
