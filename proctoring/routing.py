"""The addresses of the sockets. The Origin is checked before, in `config.asgi`.

A room is opened by the ticket that `hello` shows, a board by the cookie of the sign-in.
"""

from channels.auth import AuthMiddlewareStack
from django.urls import path

from proctoring.consumers import BoardConsumer, RoomConsumer

board = AuthMiddlewareStack(BoardConsumer.serve)
websocket_urlpatterns = [
    path("ws/rooms/<int:room>/", RoomConsumer.serve),  # type: ignore[arg-type]
    path("ws/boards/<int:exam_session>/", board),
    path("ws/boards/<int:exam_session>/<int:centre>/", board),
]
