"""The addresses of the booking door for requests it does not take: one by one, with a token."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from centres.common.http import candidate_required
from scheduling.door import knock_of, read_fields, reply_to
from scheduling.grouping import answer_group


@require_POST
@never_cache
@candidate_required
def knock(request: HttpRequest) -> HttpResponse:
    """Seats held, confirmed, given back, line and list: the same answers as at the door."""
    is_json = request.content_type == "application/json"
    fields = read_fields(request.body, is_json=True) if is_json else request.POST.dict()
    asked = knock_of(request.path, request.session.session_key or "", fields)
    wants_json = request.headers.get("accept", "").startswith("application/json")
    reply = reply_to(answer_group([asked])[0], asked, wants_json=wants_json)
    response = HttpResponse(reply.body, status=reply.status)
    for name, value in reply.headers:
        response[name.decode()] = value.decode()
    return response
