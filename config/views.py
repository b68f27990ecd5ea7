"""The front page, the way home, and the signs of life."""

from django.conf import settings
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from centres.common.http import public, same_for_all, signed_in
from config.demo.sign_ins import demo_candidates, demo_letters, demo_sign_ins
from config.menu import menu_of


@same_for_all
def front(request: HttpRequest) -> HttpResponse:
    """Where everyone arrives: which door is mine?"""
    return render(request, "front.html")


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """The first page of a person's menu."""
    items = menu_of(request)
    return redirect(items[0].address if items else "account")


@public
@never_cache
def demo(request: HttpRequest) -> HttpResponse:
    """The sign-ins of the invented people, while the demo serves; no such page otherwise."""
    if not settings.DEMO:
        raise Http404
    people = {"sign_ins": demo_sign_ins(), "candidates": demo_candidates()}
    return render(request, "demo.html", people | {"letters": demo_letters()})


@public
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive, and able to ask the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
