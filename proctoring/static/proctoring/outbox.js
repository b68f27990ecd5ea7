// What this device has stated and no server has confirmed yet. It survives a reload, a closed tab
// and a flat battery: each fact is on disk before it is shown as done.

const NAME = "sanamsob-day";

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

async function database() {
  const request = indexedDB.open(NAME, 2);
  request.onupgradeneeded = ({ oldVersion }) => {
    if (oldVersion < 1) {
      request.result.createObjectStore("facts", { keyPath: "dseq" });
      request.result.createObjectStore("about");
    }
    request.result.createObjectStore("heard", { keyPath: ["room", "epoch", "seq"] });
  };
  return asked(request);
}

export async function openOutbox(user, room) {
  try {
    const db = await database();
    navigator.storage?.persist?.();
    return await new Outbox(db, user, room).ready();
  } catch {
    return new Passing(user, room);
  }
}

class Outbox {
  isKept = true;

  constructor(db, user, room) {
    this.db = db;
    this.user = user;
    this.room = room;
    this.facts = [];
  }

  async ready() {
    const writing = this.db.transaction("about", "readwrite", { durability: "strict" });
    const about = writing.objectStore("about");
    this.device = await asked(about.get("device"));
    if (!this.device) {
      this.device = crypto.randomUUID();
      about.put(this.device, "device");
    }
    await finished(writing);
    const all = await asked(this.db.transaction("facts").objectStore("facts").getAll());
    this.facts = all.filter((fact) => fact.user === this.user && fact.room === this.room);
    return this;
  }

  // Numbers and facts are written together, so no number is ever given twice.
  async add(claims) {
    const writing = this.db.transaction(["about", "facts"], "readwrite", { durability: "strict" });
    const about = writing.objectStore("about");
    let next = (await asked(about.get("next"))) ?? 1;
    const added = claims.map((claim) => ({ ...claim, user: this.user, room: this.room, dseq: next++ }));
    for (const fact of added) writing.objectStore("facts").put(fact);
    about.put(next, "next");
    await finished(writing);
    this.facts.push(...added);
    return added;
  }

  async remove(id) {
    const fact = this.facts.find((known) => known.id === id);
    if (!fact) return null;
    this.facts = this.facts.filter((known) => known.id !== id);
    const writing = this.db.transaction("facts", "readwrite");
    writing.objectStore("facts").delete(fact.dseq);
    await finished(writing);
    return fact;
  }

  // What the server told of this room, with its proofs: should its database be lost, this brings
  // the day back. Kept until the room is closed.
  async hold(epoch, events) {
    const proven = events.filter((event) => event.proof);
    if (!proven.length) return;
    const writing = this.db.transaction("heard", "readwrite");
    for (const event of proven) writing.objectStore("heard").put({ ...event, room: this.room, epoch });
    await finished(writing);
  }

  async held() {
    const range = IDBKeyRange.bound([this.room], [this.room, []]);
    return asked(this.db.transaction("heard").objectStore("heard").getAll(range));
  }

  // What was told in former lives of the database, in order.
  async heldBefore(epoch) {
    const former = (await this.held()).filter((event) => event.epoch !== epoch);
    return former.sort((a, b) => a.seq - b.seq);
  }

  async letGo(events) {
    const writing = this.db.transaction("heard", "readwrite");
    for (const { room, epoch, seq } of events) writing.objectStore("heard").delete([room, epoch, seq]);
    await finished(writing);
  }

  // The server has seen numbers up to `dseq` from this device: never use them again.
  async continueAfter(dseq) {
    const writing = this.db.transaction("about", "readwrite", { durability: "strict" });
    const about = writing.objectStore("about");
    const next = (await asked(about.get("next"))) ?? 1;
    if (next <= dseq) about.put(dseq + 1, "next");
    await finished(writing);
  }
}

// Where the browser keeps nothing (private windows): the same outbox, for as long as the page lives.
class Passing {
  isKept = false;
  facts = [];
  next = 1;
  heard = new Map();

  constructor(user, room) {
    this.user = user;
    this.room = room;
    this.device = crypto.randomUUID();
  }

  async add(claims) {
    const added = claims.map((claim) => ({ ...claim, user: this.user, room: this.room, dseq: this.next++ }));
    this.facts.push(...added);
    return added;
  }

  async remove(id) {
    const fact = this.facts.find((known) => known.id === id) ?? null;
    this.facts = this.facts.filter((known) => known.id !== id);
    return fact;
  }

  async hold(epoch, events) {
    for (const event of events) if (event.proof) this.heard.set(`${epoch} ${event.seq}`, { ...event, epoch });
  }

  async held() {
    return [...this.heard.values()];
  }

  async heldBefore(epoch) {
    return (await this.held()).filter((event) => event.epoch !== epoch).sort((a, b) => a.seq - b.seq);
  }

  async letGo(events) {
    for (const { epoch, seq } of events) this.heard.delete(`${epoch} ${seq}`);
  }

  async continueAfter(dseq) {
    this.next = Math.max(this.next, dseq + 1);
  }
}
