"""The addresses of the sockets. The Origin is checked before, in `config.asgi`."""

from django.urls import path

from proctoring.consumers import BoardConsumer, RoomConsumer

websocket_urlpatterns = [
    path("ws/rooms/<int:room>/", RoomConsumer.as_asgi()),
    path("ws/boards/<int:exam_session>/", BoardConsumer.as_asgi()),
    path("ws/boards/<int:exam_session>/<int:centre>/", BoardConsumer.as_asgi()),
]
