// The line to the server. It shows its ticket, says hello with what it knows, sends what the outbox
// holds, and takes the outbox's facts off only when the server has confirmed them. Each welcome
// brings the ticket for the next time. Where WebSockets are blocked the same frames go by POST.

const PING_MS = 20_000;
const SILENT_MS = 45_000;
const BACK_OFF_MS = 15_000;
const POLL_MS = 4_000;
const MOST_AT_ONCE = 100;
const TRIES_BEFORE_POST = 3;

export class Line {
  constructor({ socket, sync, door, token, outbox, known, hear, changed }) {
    Object.assign(this, { sync, door, token, outbox, known, hear, changed });
    this.ticket = null;
    this.address = new URL(socket, location.href);
    this.address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.isOpen = false;
    this.isLost = false;
    this.tries = 0;
    this.samples = [];
    this.heardAt = Date.now();
  }

  start() {
    this.connect();
    setInterval(() => this.ping(), PING_MS);
    addEventListener("online", () => this.soon(0));
    addEventListener("offline", () => this.socket?.close());
  }

  async connect() {
    if (this.isLost || this.isAsking || this.socket?.readyState <= WebSocket.OPEN) return;
    if (!this.ticket && !(await this.askForTicket())) return this.closed(this.socket);
    const socket = (this.socket = new WebSocket(this.address, "proctor.v1"));
    socket.onopen = () => this.greet();
    socket.onmessage = (message) => this.take(JSON.parse(message.data));
    socket.onclose = () => this.closed(socket);
  }

  // The first ticket, and a new one where the last was refused. The next ones come with each welcome.
  async askForTicket() {
    this.isAsking = true;
    try {
      const answer = await this.ask(this.door, { device: this.outbox.device });
      if (answer.ok) this.ticket = (await answer.json()).ticket;
    } catch {
      // No network: asked again with the next try.
    }
    this.isAsking = false;
    return Boolean(this.ticket) && !this.isLost;
  }

  // A POST to our own server. Who may not be here any more is told so, by 403 or by the sign-in page.
  async ask(address, body) {
    const headers = { "X-CSRFToken": this.token, "Content-Type": "application/json", Accept: "application/json" };
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
    if (answer.status === 403 || answer.redirected) this.isLost = true;
    return answer;
  }

  closed(socket) {
    if (socket !== this.socket) return;
    this.isOpen = false;
    this.tries += 1;
    this.changed();
    if (this.tries >= TRIES_BEFORE_POST) this.post();
    this.soon((this.wait ?? 0) + Math.random() * Math.min(BACK_OFF_MS, 500 * 2 ** this.tries));
    this.wait = 0;
  }

  soon(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  hello() {
    const { room, seq, head, epoch } = this.known();
    const rooms = [{ room, since: seq, head }];
    const frame = { t: "hello", v: 1, device: this.outbox.device, epoch, rooms, t0: this.tick() };
    return this.ticket ? { ...frame, ticket: this.ticket } : frame;
  }

  greet() {
    this.sentAt = performance.now();
    this.socket.send(JSON.stringify(this.hello()));
  }

  tick() {
    return Math.round(performance.now());
  }

  ping() {
    if (!this.isOpen) return;
    if (Date.now() - this.heardAt > SILENT_MS) this.socket.close();
    else this.socket.send(JSON.stringify({ t: "ping", t0: this.tick() }));
  }

  async take(frame) {
    this.heardAt = Date.now();
    if (frame.t === "no" && frame.code === "ticket") return; // the "bye" after it says what to do
    if ((frame.t === "ok" || frame.t === "no") && (await this.givenBack(frame))) return;
    if (frame.now && frame.t0) this.sample(frame);
    if (frame.t === "welcome") await this.welcomed(frame);
    else if (frame.t === "ok") await this.outbox.remove(frame.id);
    else if (frame.t === "no") await this.refused(frame);
    else if (frame.t === "bye") this.ended(frame);
    this.hear(frame);
    this.changed();
  }

  // A ticket that was used already is no reason to go: the page asks for a new one.
  ended(frame) {
    if (frame.code === "ticket") this.ticket = null;
    else if (frame.retry_after_ms) this.wait = frame.retry_after_ms;
    else this.isLost = true;
  }

  async welcomed(frame) {
    this.isOpen = true;
    this.tries = 0;
    if (frame.ticket) this.ticket = frame.ticket;
    this.ping(); // and so says that the new ticket arrived
    await this.outbox.continueAfter(frame.dseq);
    await this.giveBack(frame.epoch);
    this.send();
  }

  // After a restore the server may lack what it once told this device: it is given back first.
  async giveBack(epoch) {
    this.giving = new Map((await this.outbox.heldBefore(epoch)).map((event) => [event.id, event]));
    const events = [...this.giving.values()];
    for (let start = 0; start < events.length && this.isOpen; start += MOST_AT_ONCE) {
      const part = events.slice(start, start + MOST_AT_ONCE);
      const told = part.map(({ seq, id, type, body, at, actor, role, proof }) => ({ seq, id, type, body, at, actor, role, proof }));
      this.socket.send(JSON.stringify({ t: "held", room: this.known().room, events: told }));
    }
  }

  // Whether this answer is about something that was given back.
  async givenBack(frame) {
    const event = this.giving?.get(frame.id);
    if (!event) return false;
    if (frame.retry_after_ms) {
      clearTimeout(this.again);
      this.again = setTimeout(() => this.giveBack(this.known().epoch), frame.retry_after_ms);
    } else {
      this.giving.delete(frame.id);
      await this.outbox.letGo([event]);
    }
    return true;
  }

  async refused(frame) {
    if (frame.retry_after_ms) this.sendLater(frame.retry_after_ms);
    else frame.fact = await this.outbox.remove(frame.id);
  }

  sendLater(wait) {
    clearTimeout(this.sending);
    this.sending = setTimeout(() => this.send(), wait + Math.random() * 500);
  }

  // The offset of the server's clock: the sample with the shortest way of the last eight.
  sample(frame) {
    const trip = Math.max(0, performance.now() - frame.t0);
    this.samples = [...this.samples, { trip, offset: frame.now + trip / 2 - Date.now() }].slice(-8);
    this.best = this.samples.reduce((a, b) => (b.trip < a.trip ? b : a));
  }

  now() {
    return Date.now() + (this.best?.offset ?? 0);
  }

  // Everything not confirmed goes out again: a repeat is harmless.
  send() {
    if (!this.isOpen) return;
    for (let start = 0; start < this.outbox.facts.length; start += MOST_AT_ONCE) {
      this.socket.send(JSON.stringify(this.claims(start)));
    }
  }

  claims(start) {
    const part = this.outbox.facts.slice(start, start + MOST_AT_ONCE);
    return { t: "ev", events: part.map(({ user, ...claim }) => claim) };
  }

  need() {
    const { room, seq } = this.known();
    if (this.isOpen) this.socket.send(JSON.stringify({ t: "need", room, since: seq }));
  }

  async post() {
    if (this.isOpen || this.isLost) return;
    clearTimeout(this.poll);
    const frames = [this.hello(), ...(this.outbox.facts.length ? [this.claims(0)] : [])];
    try {
      const answer = await this.ask(this.sync, frames);
      if (answer.ok) for (const frame of (await answer.json()).frames) if (frame.t !== "welcome") await this.take(frame);
    } catch {
      // No network at all: the outbox keeps what it holds.
    }
    this.changed();
    this.poll = setTimeout(() => this.post(), POLL_MS);
  }
}
