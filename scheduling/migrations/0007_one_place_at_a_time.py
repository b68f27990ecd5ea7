"""What a constraint of one table cannot say: triggers on bookings, and tables that only grow."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from centres.common.append_only import protect

# Live bookings of the same person in an exam session that overlaps the new one. A move within one
# paper has two rows for a while, the seat he has and the one he holds: those may overlap.
OVERLAPPING = """
SELECT 1
FROM scheduling_registration own
JOIN scheduling_registration his ON his.candidate_id = own.candidate_id
JOIN scheduling_booking other ON other.registration_id = his.id
  AND other.state IN ('held', 'confirmed')
JOIN scheduling_roomsession there ON there.id = other.room_session_id
JOIN scheduling_examsession then_ ON then_.id = there.exam_session_id
JOIN scheduling_roomsession here ON here.id = NEW.room_session_id
JOIN scheduling_examsession now_ ON now_.id = here.exam_session_id
WHERE own.id = NEW.registration_id
  AND other.id <> NEW.id
  AND NOT (other.registration_id = NEW.registration_id AND other.paper_id = NEW.paper_id)
  AND then_.starts_at < now_.ends_at AND now_.starts_at < then_.ends_at
"""
SQLITE = [
    f"""
    CREATE TRIGGER one_place_at_a_time_{act} BEFORE {ACT} ON scheduling_booking
    WHEN NEW.state IN ('held', 'confirmed') AND EXISTS ({OVERLAPPING})
    BEGIN SELECT RAISE(ABORT, 'one_place_at_a_time'); END
    """
    for act, ACT in (
        ("insert", "INSERT"),
        ("update", "UPDATE OF state, registration_id, paper_id, room_session_id"),
    )
] + [
    """
    CREATE TRIGGER a_limit_stays BEFORE UPDATE OF hold_limit ON scheduling_booking
    WHEN OLD.hold_limit IS NOT NULL AND NEW.hold_limit IS NOT OLD.hold_limit
    BEGIN SELECT RAISE(ABORT, 'a_limit_stays'); END
    """,
]
# The person is locked first: of two bookings made at the same moment the second sees the first.
# Plans of a function are kept by a connection, and on opening day the table of bookings is empty
# when they are made: without sequential scans they stay right as it fills.
POSTGRES = [
    """
    CREATE FUNCTION one_place_at_a_time() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off AS $$
    DECLARE
      person bigint;
      begins timestamptz;
      ends timestamptz;
    BEGIN
      SELECT candidate_id INTO person FROM scheduling_registration
      WHERE id = NEW.registration_id;
      PERFORM 1 FROM scheduling_candidate WHERE id = person FOR NO KEY UPDATE;
      SELECT session.starts_at, session.ends_at INTO begins, ends
      FROM scheduling_roomsession room
      JOIN scheduling_examsession session ON session.id = room.exam_session_id
      WHERE room.id = NEW.room_session_id;
      IF EXISTS (
        SELECT 1 FROM scheduling_booking other
        JOIN scheduling_roomsession there ON there.id = other.room_session_id
        JOIN scheduling_examsession then_ ON then_.id = there.exam_session_id
        WHERE other.registration_id = ANY (
            ARRAY(SELECT id FROM scheduling_registration WHERE candidate_id = person)
          )
          AND other.state IN ('held', 'confirmed') AND other.id <> NEW.id
          AND NOT (other.registration_id = NEW.registration_id AND other.paper_id = NEW.paper_id)
          AND then_.starts_at < ends AND begins < then_.ends_at
      ) THEN
        RAISE EXCEPTION 'one_place_at_a_time'
          USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'one_place_at_a_time';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER one_place_at_a_time_insert BEFORE INSERT ON scheduling_booking
    FOR EACH ROW WHEN (NEW.state IN ('held', 'confirmed'))
    EXECUTE FUNCTION one_place_at_a_time();
    CREATE TRIGGER one_place_at_a_time_update
    BEFORE UPDATE OF state, registration_id, paper_id, room_session_id ON scheduling_booking
    FOR EACH ROW WHEN (NEW.state IN ('held', 'confirmed'))
    EXECUTE FUNCTION one_place_at_a_time();
    """,
    """
    CREATE FUNCTION a_limit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a_limit_stays'
        USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'a_limit_stays';
    END $$;
    CREATE TRIGGER a_limit_stays BEFORE UPDATE OF hold_limit ON scheduling_booking
    FOR EACH ROW WHEN (OLD.hold_limit IS NOT NULL AND NEW.hold_limit IS DISTINCT FROM OLD.hold_limit)
    EXECUTE FUNCTION a_limit_stays();
    """,
]
NO_LONGER_SQLITE = [
    "DROP TRIGGER one_place_at_a_time_insert",
    "DROP TRIGGER one_place_at_a_time_update",
    "DROP TRIGGER a_limit_stays",
]
NO_LONGER_POSTGRES = [
    "DROP FUNCTION one_place_at_a_time() CASCADE",
    "DROP FUNCTION a_limit_stays() CASCADE",
]


def forward(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in SQLITE if editor.connection.vendor == "sqlite" else POSTGRES:
        editor.execute(statement, params=None)


def backward(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    is_small = editor.connection.vendor == "sqlite"
    for statement in NO_LONGER_SQLITE if is_small else NO_LONGER_POSTGRES:
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0006_holds_of_before_end_as_said"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='booking',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'held'), _negated=True), ('hold_until__lte', models.F('hold_limit')), _connector='OR'), name='a_hold_ends'),
        ),
        migrations.RunPython(forward, backward, elidable=False),
        protect("scheduling_queuepace"),
        protect("scheduling_queueplace"),
        protect("scheduling_paymentfile"),
        protect("scheduling_payment"),
        protect("scheduling_assignedpayment"),
    ]
