"""The pages of the exam day."""

from django.urls import path

from proctoring.views import boards, commands, console, sync

urlpatterns = [
    path("rooms/", console.rooms, name="rooms"),
    path("rooms/<int:room>/", console.room, name="room"),
    path("rooms/<int:room>/state/", console.state, name="room_state"),
    path("rooms/<int:room>/find/", console.find, name="room_find"),
    path("rooms/<int:room>/sync/", sync.sync, name="room_sync"),
    path("rooms/<int:room>/ticket/", sync.ticket, name="room_ticket"),
    path("board/", boards.own_board, name="board"),
    path("board/<int:exam_session>/<int:centre>/", boards.board, name="centre_board"),
    path("command/<int:exam_session>/", commands.give, name="give_command"),
    path("command/<int:exam_session>/<uuid:command>/", commands.given, name="given_command"),
    path("wall/", boards.newest_wall, name="wall"),
    path("wall/<int:exam_session>/", boards.wall, name="session_wall"),
]
