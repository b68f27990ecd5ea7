from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import gettext as _

from centres.common.runs import perform
from centres.models import Centre, Role, User
from scoring.actions.calibration import create_calibration
from scoring.models import CalibrationRun, PersonMeasure
from scoring.queries.calibrations import GROUPINGS, fitted_items
from scoring.templatetags.figures import scientific
from scoring.views.curves import across, form_curve, item_curve, up
from tests.factories import NOW
from tests.scoring.conftest import ITEMS, Sat


@pytest.fixture
def crowd(make_sat: Callable[..., Sat]) -> Sat:
    sat = make_sat(240, seed=7)
    sat.ingest()
    sat.analyse()
    return sat


@pytest.fixture
def run(crowd: Sat) -> CalibrationRun:
    made = create_calibration(
        sitting=crowd.sitting, paper=crowd.paper, model="2pl", by=crowd.examiner, at=NOW
    )
    return perform(made)  # type: ignore[return-value]


@pytest.fixture
def client(crowd: Sat, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(crowd.examiner)


def page(client: Client, name: str, *args: object, query: str = "") -> str:
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_calibration_is_asked_for_and_waited_for(crowd: Sat, client: Client) -> None:
    address = reverse("calibrate", args=[crowd.sitting.pk, crowd.paper.pk])
    answer = client.post(address, {"model": "1pl"})
    run = CalibrationRun.objects.get()
    assert answer.headers["Location"] == reverse("calibration", args=[run.pk])
    assert run.model == "1pl"
    assert "<progress" in page(client, "calibration", run.pk)
    client.post(reverse("calibration_cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert reverse("calibrate", args=[crowd.sitting.pk, crowd.paper.pk]) in page(
        client, "calibration", run.pk
    )


def test_a_model_nobody_knows_is_refused_with_a_sentence(crowd: Sat, client: Client) -> None:
    address = reverse("calibrate", args=[crowd.sitting.pk, crowd.paper.pk])
    text = client.post(address, {"model": "4pl"}, follow=True).content.decode()
    assert not CalibrationRun.objects.exists()
    assert str(_("Choose one of the four models.")) in text


def test_the_page_of_a_model_says_whether_it_converged_and_shows_every_item(
    run: CalibrationRun, client: Client
) -> None:
    text = page(client, "calibration", run.pk)
    assert scientific(run.result["change"]) in text
    assert text.count("#model") == ITEMS
    other = page(client, "calibration", run.pk, query="?form=B")
    assert "B00" in other
    assert "B00" not in text


def test_the_card_of_an_item_shows_its_curve(
    run: CalibrationRun, client: Client, crowd: Sat
) -> None:
    analysis = run.analyses.order_by("form_id")[0]
    place = analysis.form.form_items.get(position=5)
    text = page(client, "item", analysis.pk, place.pk)
    assert 'id="icc-title"' in text
    assert reverse("calibration", args=[run.pk]) in text


def test_a_person_is_found_by_number_and_never_named(
    run: CalibrationRun, client: Client, crowd: Sat
) -> None:
    measure = PersonMeasure.objects.filter(run=run).select_related("registration__candidate")[0]
    number = measure.registration.number
    found = client.get(reverse("odd_answers", args=[run.pk]), {"number": number})
    assert found.headers["Location"] == reverse("odd_person", args=[run.pk, number])
    text = page(client, "odd_person", run.pk, number)
    assert number in text
    person = measure.registration.candidate
    assert person.given_name_th not in text
    assert person.given_name_en not in text
    nobody = client.get(reverse("odd_answers", args=[run.pk]), {"number": "123"})
    assert "123" in nobody.content.decode()
    assert client.get(reverse("odd_person", args=[run.pk, "0"])).status_code == 404


def test_groups_are_shown_for_every_way_to_divide_people(
    run: CalibrationRun, client: Client
) -> None:
    for grouping in (*GROUPINGS, "nonsense"):
        text = page(client, "group_differences", run.pk, query=f"?by={grouping}")
        assert text.count('aria-current="true"') == 1


def test_only_those_who_read_items_read_models(
    run: CalibrationRun,
    sign_in: Callable[[User], Client],
    make_staff: Callable[..., User],
) -> None:
    for role in (Role.PROCTOR, Role.STAFF, Role.INTEGRITY, Role.HEADQUARTERS, Role.CHIEF):
        bound = role in (Role.PROCTOR, Role.CHIEF)
        other = sign_in(make_staff(role, Centre.objects.get() if bound else None))
        for name in ("calibration", "odd_answers", "group_differences"):
            assert other.get(reverse(name, args=[run.pk])).status_code == 403


def test_an_auditor_reads_and_starts_nothing(
    run: CalibrationRun,
    crowd: Sat,
    sign_in: Callable[[User], Client],
    make_staff: Callable[..., User],
) -> None:
    auditor = sign_in(make_staff(Role.AUDITOR))
    page(auditor, "calibrations", crowd.sitting.pk, crowd.paper.pk)
    address = reverse("calibrate", args=[crowd.sitting.pk, crowd.paper.pk])
    assert auditor.post(address, {"model": "2pl"}).status_code == 403
    assert CalibrationRun.objects.count() == 1


def test_the_models_page_asks_as_much_for_three_runs_as_for_one(
    run: CalibrationRun,
    crowd: Sat,
    client: Client,
) -> None:
    address = reverse("calibrations", args=[crowd.sitting.pk, crowd.paper.pk])
    client.get(address)
    with CaptureQueriesContext(
        connection,
    ) as once:
        client.get(address)
    for model in ("1pl", "rasch"):
        perform(
            create_calibration(
                sitting=crowd.sitting, paper=crowd.paper, model=model, by=crowd.examiner, at=NOW
            )
        )
    with CaptureQueriesContext(connection) as thrice:
        client.get(address)
    assert len(thrice) == len(once)


def test_curves_are_drawn_inside_their_box(run: CalibrationRun, crowd: Sat) -> None:
    form = run.result["forms"][0]
    for item in fitted_items(run, form["form_id"]):
        drawn = item_curve(item)
        assert all(
            46 <= point.x <= 410 and 28 <= point.high <= point.low <= 252 for point in drawn.points
        )
    assert (across(-3), across(3), up(0), up(1)) == (46.0, 410.0, 252.0, 28.0)
    assert form_curve(form).cut_x == across(form["cut"]["theta"])
