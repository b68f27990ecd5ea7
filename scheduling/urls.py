from django.urls import path

from scheduling.views import candidate, duties, moves, papers, preparing, staff

urlpatterns = [
    path("staff/sittings/", staff.sittings, name="sittings"),
    path("staff/sittings/<int:key>/", staff.sitting_allocations, name="sitting_allocations"),
    path("staff/sittings/<int:key>/allocate/", staff.start, name="allocation_start"),
    path("staff/sittings/plans/<int:key>/", staff.allocation, name="allocation"),
    path("staff/sittings/plans/<int:key>/progress/", staff.progress, name="allocation_progress"),
    path("staff/sittings/plans/<int:key>/accept/", staff.accept, name="allocation_accept"),
    path("staff/sittings/plans/<int:key>/cancel/", staff.cancel, name="allocation_cancel"),
    path("staff/sittings/<int:key>/open/", preparing.open_all, name="open_rooms"),
    path("staff/sittings/<int:key>/cards/", preparing.issue_cards, name="issue_cards"),
    path("lottery/<int:key>/", staff.lottery, name="lottery"),
    path("staff/sittings/<int:key>/commit/", staff.commit, name="seed_commit"),
    path("staff/sittings/<int:key>/what-if/", moves.what_if, name="what_if"),
    path("staff/sittings/<int:key>/undo/", moves.undo, name="moves_undo"),
    path("staff/sittings/<int:key>/roster/", duties.roster, name="roster"),
    path("staff/sittings/<int:key>/roster/make/", duties.make, name="roster_make"),
    path("staff/sittings/<int:key>/roster.xlsx", duties.export, name="roster_export"),
    path("staff/sittings/moves/<int:key>/", moves.study, name="move_study"),
    path("staff/sittings/moves/<int:key>/progress/", moves.progress, name="move_study_progress"),
    path("staff/sittings/moves/<int:key>/choose/", moves.choose, name="move_plan_choose"),
    path("candidate/", candidate.home, name="candidate_home"),
    path("candidate/wishes/", candidate.wishes, name="candidate_wishes"),
    path("candidate/seats/", candidate.seats, name="candidate_seats"),
    path("candidate/seats/<int:key>/", candidate.room, name="candidate_room"),
    path("candidate/card/", candidate.card, name="candidate_card"),
    path("candidate/card.pdf", candidate.card_pdf, name="candidate_card_pdf"),
    path("candidate/withdraw/", candidate.withdraw, name="candidate_withdraw"),
    path("rooms/<int:key>/cards.pdf", papers.room_cards, name="room_cards_pdf"),
    path("rooms/<int:key>/door-list.pdf", papers.door_list, name="door_list_pdf"),
]
