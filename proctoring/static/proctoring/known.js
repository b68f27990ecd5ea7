// What this device knows of the room: what the server said, and on top of it what the outbox holds.

const NEXT = {
  "seat.check_in": "checked_in", "seat.seat": "seated", "seat.start": "started", "seat.out": "out",
  "seat.back": "started", "seat.submit": "submitted", "seat.absent": "absent", "seat.withdraw": "withdrawn",
  "seat.refuse": "refused", "seat.disqualify": "disqualified",
};
const NEXT_PHASE = {
  "room.open": "opened", "room.brief": "briefing", "room.start": "running", "room.pause": "paused",
  "room.resume": "running", "room.evacuate": "evacuated", "room.return": "paused", "room.time_up": "time_up",
  "room.reconcile": "reconciling", "room.close": "closed",
};

const GROUPS = { expected: "waiting", provisional: "doubt", absent: "absent", refused: "gone", withdrawn: "gone", disqualified: "gone" };
const WAITING_INSIDE = ["checked_in", "provisional", "seated"];
const RECORDS = ["sealed", "closed", "aborted"];

export const groupOf = (seat) => GROUPS[seat.state] ?? "here";

export class Room {
  constructor(data) {
    this.epoch = data.epoch;
    this.seq = data.seq;
    this.head = data.head;
    this.state = data.state;
    this.looks = data.looks;
    this.log = [...data.events];
    this.people = new Map(Object.entries(data.people).map(([key, person]) => [Number(key), person]));
    this.seats = new Map(data.seats.map((seat) => [seat.booking, seat]));
    if (!this.seats.size) for (const [booking, person] of this.people) this.seats.set(booking, { booking, seat: person.seat, state: "expected", since: 0, last: 0, extra: person.extra });
  }

  takeSnap(frame) {
    Object.assign(this, { seq: frame.seq, head: frame.head, state: frame.state });
    for (const seat of frame.seats) this.seats.set(seat.booking, seat);
  }

  // False when something is missing before these events.
  takeEvents(frame) {
    if (frame.to <= this.seq) return true;
    if (frame.from > this.seq + 1) return false;
    for (const seat of frame.seats) this.seats.set(seat.booking, seat);
    this.log.push(...frame.events.filter((event) => event.seq > this.seq));
    Object.assign(this, { seq: frame.to, head: frame.head, state: frame.state });
    return true;
  }

  // The seat as it will be when these facts are sent.
  seatWith(booking, facts) {
    let seat = this.seats.get(booking);
    for (const fact of facts) {
      const starts = fact.body.everybody && WAITING_INSIDE.includes(seat.state);
      if (fact.body.booking !== booking && !starts) continue;
      const state = starts ? "started" : fact.type === "seat.id_verify" ? (fact.body.match ? "seated" : "provisional") : NEXT[fact.type];
      seat = { ...seat, unsent: true, ...(state ? { state, since: fact.at } : {}) };
    }
    return seat;
  }

  phaseWith(facts) {
    return facts.reduce((phase, fact) => NEXT_PHASE[fact.type] ?? phase, this.state.phase);
  }

  // A sealed room is a record: it is read, not worked in.
  get isRecord() {
    return RECORDS.includes(this.state.phase);
  }

  lookOf(seat) {
    if (this.state.incidents.some((incident) => incident.booking === seat.booking)) return this.looks.incident;
    if (seat.late && seat.state === "checked_in") return this.looks.late;
    return this.looks[seat.state];
  }
}
