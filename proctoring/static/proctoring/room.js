// The console of one room. The page works without this; with it, every step is kept on the device
// first, shown at once, and sent as soon as there is a line.

import { place } from "./chairs.js";
import { length, nextSentence, shortTime, wallClock } from "./clock.js";
import { mark, openLine, span } from "./dom.js";
import { listenForKeys } from "./keys.js";
import { groupOf, Room } from "./known.js";
import { openOutbox } from "./outbox.js";
import { meant, readCard } from "./scan.js";
import { Line } from "./sync.js";
import { announce, answer, last } from "./voice.js";

const data = JSON.parse(document.getElementById("room-data").textContent);
const { words, looks, said, phases } = data;
const language = document.documentElement.lang;
const $ = (id) => document.getElementById(id);
const token = document.querySelector("[name=csrfmiddlewaretoken]").value;

const room = new Room(data);
const buttons = new Map([...document.querySelectorAll("[data-booking]")].map((b) => [Number(b.dataset.booking), b]));
let chosen = Number($("card").querySelector("[name=booking]").value) || 0;
let filter = "all";
let heard = 0;
let undoable = null;
let lettersOn = true;

// The outbox opens while the page already takes what hands do: a form sent before it is open would
// leave the page, and fail where there is no line. What is done waits for it.
let outbox = null;
let line = null;
const ready = openOutbox(data.user, data.room).then(begin);
const seatNow = (booking) => room.seatWith(booking, outbox.facts);
const phaseNow = () => room.phaseWith(outbox.facts);
const lookOf = (seat) => room.lookOf(seat);

function begin(opened) {
  outbox = opened;
  line = new Line({
    socket: data.socket,
    sync: data.sync,
    door: data.ticket,
    token,
    outbox,
    known: () => ({ room: data.room, seq: room.seq, head: room.head, epoch: room.epoch }),
    hear,
    changed: showLine,
  });
  listenForKeys({ buttons, chosen: () => chosen, choose, checkInOne, undo, openIncident, nextFilter, announce, step, lettersOn: () => lettersOn });
  show();
  tick();
  setInterval(tick, 1000);
  keep(data.events);
  line.start();
}

// --- what the server says ------------------------------------------------------------------------

function hear(frame) {
  if (frame.t === "welcome") room.epoch = frame.epoch;
  else if (frame.t === "snap") room.takeSnap(frame);
  else if (frame.t === "evs" && !room.takeEvents(frame)) return line.need();
  else if (frame.t === "no" && !frame.retry_after_ms) return refused(frame);
  if (frame.t === "evs") keep(frame.events);
  if (["snap", "evs", "ok"].includes(frame.t)) show(); // an event may come before the answer to it
}

// What the server told stays on this device until the room is closed.
async function keep(events) {
  await outbox.hold(room.epoch, events);
  if (room.isRecord) await outbox.letGo(await outbox.held());
}

function refused(frame) {
  const why = frame.why?.[language] ?? frame.code;
  const fact = frame.fact;
  const seat = fact ? room.people.get(fact.body.booking)?.seat ?? "" : "";
  answer(`${seat} ${why}`.trim(), false);
  if (fact) {
    const item = document.createElement("li");
    item.append(mark("no"), span(`${words.refused}: ${seat} ${said[fact.type]}. ${why}`));
    $("tray").append(item);
    $("tray").hidden = false;
  }
  show();
}

// --- what a person states ------------------------------------------------------------------------

async function state(...steps) {
  const at = Math.round(line.now());
  const added = await outbox.add(
    steps.map(([type, body]) => ({ id: crypto.randomUUID(), type, body, at, base: room.seq })),
  );
  show();
  line.send();
  return added;
}

async function step(type, body) {
  if (data.reads) return answer(words.only_reads, false);
  if (room.isRecord && type.startsWith("seat.")) return answer(words.over_at, false);
  if (type === "room.start") body = { everybody: true };
  const [fact] = await state([type, body]);
  const person = room.people.get(body.booking);
  if (person) {
    const text = `${person.seat} ${person.given} ${said[type]} ${shortTime(fact.at, language)}`;
    last(text);
    answer(text, true);
  }
  undoable = type.startsWith("seat.") ? { booking: body.booking, id: fact.id, until: Date.now() + 10_000 } : null;
  return [fact];
}

async function undo() {
  if (!undoable || Date.now() > undoable.until) return announce(words.no_undo);
  const { booking, id } = undoable;
  undoable = null;
  if (!line.isOpen && outbox.facts.some((fact) => fact.id === id && !fact.sent)) {
    // Never left this device, and no line to leave by: it simply was not so.
    await outbox.remove(id);
    return show();
  }
  const of = room.seats.get(booking)?.last;
  if (of) await step("correct", { of, booking });
}

async function checkIn(text, card) {
  const found = meant(text, [...room.people.values()]);
  if (found.length === 1) return checkInOne(found[0].booking, readCard(text).card);
  if (found.length > 1) return narrow(found);
  if (!readCard(text).number) return answer(words.not_found, false);
  return askServer(text);
}

function checkInOne(booking, card) {
  choose(booking, false);
  const seat = seatNow(booking);
  if (!["expected", "absent"].includes(seat.state)) {
    const [, , word] = lookOf(seat);
    return answer(`${seat.seat} ${room.people.get(booking).given}: ${word} ${shortTime(seat.since, language)}`, false);
  }
  return step("seat.check_in", card ? { booking, card } : { booking });
}

function narrow(found) {
  choose(found[0].booking, false);
  answer(found.slice(0, 4).map((person) => `${person.seat} ${person.given}`).join(" · "), true);
}

async function askServer(text) {
  try {
    const body = new URLSearchParams({ number: text });
    const headers = { "X-CSRFToken": token, Accept: "application/json" };
    const reply = await fetch(data.find, { method: "POST", headers, body });
    const found = await reply.json();
    if (reply.ok) return checkInOne(found.booking, readCard(text).card);
    return answer(found.message, false);
  } catch {
    return answer(words.not_found, false);
  }
}

// --- drawing -------------------------------------------------------------------------------------

function drawSeat(booking, button) {
  const seat = seatNow(booking);
  place(button, seat.seat);
  const [style, icon, word] = lookOf(seat);
  const person = room.people.get(booking);
  const flagged = style === looks.incident[0];
  const faded = filter !== "all" && groupOf(seat) !== filter && !flagged;
  button.className = `seat ${style}${seat.unsent ? " unsent" : ""}${faded ? " faded" : ""}`;
  button.querySelector(".mark use").setAttribute("href", `#m-${icon}`);
  button.querySelector(".word").textContent = word;
  button.setAttribute("aria-label", [seat.seat, person.given, word, seat.unsent ? words.waiting : ""].join(" ").trim());
  if (booking === chosen) button.setAttribute("aria-current", "true");
  else button.removeAttribute("aria-current");
}

function show() {
  for (const [booking, button] of buttons) drawSeat(booking, button);
  showCounts();
  showSteps();
  showOpen();
  showNotices();
  showCard();
  showLog();
  showLine();
}

function showCounts() {
  const counts = { all: 0, here: 0, waiting: 0, doubt: 0, absent: 0, gone: 0 };
  for (const booking of room.seats.keys()) {
    counts.all += 1;
    counts[groupOf(seatNow(booking))] += 1;
  }
  for (const chip of $("chips").querySelectorAll("[data-filter]")) {
    chip.querySelector("b").textContent = counts[chip.dataset.filter];
    chip.setAttribute("aria-pressed", String(chip.dataset.filter === filter));
  }
  const sum = [counts.here, counts.waiting, counts.doubt, counts.absent, counts.gone].join(" + ");
  $("equation").textContent = `${sum} ${words.closes.replace("%n", counts.all)}`;
}

function showSteps() {
  const phase = phaseNow();
  $("phase").textContent = phases[phase];
  for (const element of document.querySelectorAll("[data-live]")) element.hidden = room.isRecord || data.reads;
  for (const element of $("steps").querySelectorAll("[data-phases]")) {
    element.hidden = !element.dataset.phases.split(" ").includes(phase);
  }
}

// What is not settled: open incidents, and facts that contradict each other.
function showOpen() {
  const closing = outbox.facts.map((fact) => fact.body.incident);
  const incidents = room.state.incidents
    .filter((incident) => !closing.includes(incident.id))
    .map((incident) => {
      const seat = room.people.get(incident.booking)?.seat ?? "";
      const text = [seat, data.kinds[incident.kind], shortTime(incident.at, language)].join(" ").trim();
      return openLine(text, words.close_incident, `incident.close?incident=${incident.id}`);
    });
  const conflicts = room.state.conflicts.map(([seq]) =>
    openLine(words.contradiction.replace("%n", seq), words.settle, data.settles ? `correct?of=${seq}` : ""),
  );
  $("open").replaceChildren(...incidents, ...conflicts);
  $("steps").hidden = data.reads || room.isRecord && phaseNow() !== "sealed" && !incidents.length && !conflicts.length;
}

// What was commanded or announced from above, until somebody here has read it.
function showNotices() {
  const read = outbox.facts.map((fact) => fact.body.note);
  const waiting = room.state.notices.filter((notice) => !read.includes(notice.id));
  $("notices").replaceChildren(...waiting.map((notice) => {
    const text = [said[notice.type], notice.text, shortTime(notice.at, language)].join(" ");
    const item = openLine(text, words.have_read, data.reads ? "" : `note.read?note=${notice.id}`);
    item.className = "note look row between";
    return item;
  }));
  if (waiting.length > heard) announce([said[waiting.at(-1).type], waiting.at(-1).text].join(" "));
  heard = waiting.length;
}

function showCard() {
  const person = room.people.get(chosen);
  $("card").hidden = !person;
  if (!person) return;
  const seat = seatNow(chosen);
  const slots = { seat: seat.seat, name: person.name, number: person.number, identity: person.identity, form: person.form, word: lookOf(seat)[2] };
  for (const [name, text] of Object.entries(slots)) $("card").querySelector(`[data-slot=${name}]`).textContent = text;
  if (person.needs.length) $("card").querySelector("[data-slot=needs]").textContent = person.needs.join(" · ");
  $("card").querySelector("[data-slot=booking]").value = chosen;
  const phase = phaseNow();
  for (const button of $("card").querySelectorAll("[data-from]")) {
    const inTime = !button.dataset.phases || button.dataset.phases.split(" ").includes(phase);
    const tooEarly = button.value === "seat.absent" && line.now() < room.state.clock.late_until && ["proctor", "head"].includes(data.role);
    button.hidden = !inTime || tooEarly || !button.dataset.from.split(" ").includes(seat.state);
  }
  $("card").querySelector("form").hidden = room.isRecord || data.reads;
  const undoButton = $("card").querySelector("[data-undo]");
  undoButton.hidden = !seat.last || seat.unsent;
  undoButton.value = `correct?of=${seat.last}`;
}

function showLog() {
  const lines = room.log.slice(-12).map((event) => logLine(event, `#${event.seq}`, "ok-t"));
  const waiting = outbox.facts.slice(-6).map((fact) => logLine(fact, words.waiting, "look-t nowrap"));
  $("log").replaceChildren(...[...lines, ...waiting].reverse());
}

function logLine(event, tail, style) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = shortTime(event.at, language).replace(" น.", "");
  const text = span("");
  const seat = room.people.get(event.body.booking)?.seat;
  if (seat) text.append(Object.assign(document.createElement("b"), { textContent: `${seat} ` }));
  text.append(`${said[event.type] ?? event.type} `, span(tail, style));
  item.append(time, text);
  return item;
}

function showLine() {
  const waiting = outbox.facts.length;
  const box = $("line");
  box.className = line.isLost ? "line lost" : line.isOpen && outbox.isKept ? "line" : "line off";
  let text = line.isOpen ? (waiting ? words.sending : data.reads ? words.live : words.sent) : waiting ? words.offline : words.offline_none;
  if (line.isLost) text = words.lost;
  if (line.isOpen && !outbox.isKept) text = words.not_kept;
  $("line-text").textContent = text.replace("%n", waiting);
  $("line-end").textContent = line.isOpen ? `#${room.seq}` : "";
  box.querySelector("use").setAttribute("href", line.isOpen ? "#m-ok" : "#m-off");
  if (line.best) $("accuracy").textContent = `±${(line.best.trip / 2000).toFixed(1)} s`.replace(" s", language === "th" ? " วิ" : " s");
}

function choose(booking, withFocus = true) {
  chosen = booking;
  for (const button of buttons.values()) button.tabIndex = -1;
  const button = buttons.get(booking);
  if (button) {
    button.tabIndex = 0;
    if (withFocus) button.focus();
  }
  show();
}

// --- hands ---------------------------------------------------------------------------------------

$("map").addEventListener("click", async (event) => {
  const button = event.target.closest("[data-booking]");
  if (!button) return;
  event.preventDefault();
  await ready;
  choose(Number(button.dataset.booking));
});

$("close-card").addEventListener("click", async (event) => {
  event.preventDefault();
  await ready;
  const back = buttons.get(chosen);
  choose(0, false);
  back?.focus();
});

for (const form of document.querySelectorAll("form[data-facts]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter; // the browser forgets it when this listener first waits
    const [type, query] = button.value.split("?");
    const body = bodyOf(type, new FormData(form), new URLSearchParams(query));
    await ready;
    step(type, body);
    if ("keep" in button.dataset) for (const details of form.querySelectorAll("details")) details.open = false;
  });
}

const FIELDS = {
  "incident.open": ["kind", "note", "booking"], "incident.close": ["incident"], "room.seal": ["second"], "note.read": ["note"], correct: ["of", "booking"],
  "seat.id_verify": ["booking", "match"], "seat.out": ["booking", "reason"],
  "seat.move": ["booking", "seat", "why"], "seat.refuse": ["booking", "why"], "seat.extra_time": ["booking", "minutes", "why"],
  "seat.disqualify": ["booking", "second", "why"],
};
const NUMBERS = ["booking", "of", "second", "minutes"];

function bodyOf(type, form, more) {
  const names = FIELDS[type] ?? (type.startsWith("seat.") ? ["booking"] : []);
  const body = {};
  for (const name of names) {
    const text = more.get(name) ?? form.get(name);
    if (!text) continue;
    body[name] = NUMBERS.includes(name) ? Number(text) : name === "match" ? text === "true" : text;
  }
  return body;
}

$("scan").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("number").value;
  $("number").value = "";
  await ready;
  if (text.trim()) checkIn(text);
});

$("chips").addEventListener("click", (event) => {
  const chip = event.target.closest("[data-filter]");
  if (chip) setFilter(chip.dataset.filter);
});

async function setFilter(name) {
  filter = name;
  await ready;
  show();
}

$("undo").addEventListener("click", undo);
$("keys-off").addEventListener("click", (event) => {
  lettersOn = !lettersOn;
  event.target.setAttribute("aria-pressed", String(!lettersOn));
});

function openIncident() {
  if (!chosen) return announce(words.choose_seat);
  $("card").querySelector("details").open = true;
  $("kind").focus();
}

function nextFilter() {
  const names = [...$("chips").querySelectorAll("[data-filter]")].map((chip) => chip.dataset.filter);
  setFilter(names[(names.indexOf(filter) + 1) % names.length]);
}

function tick() {
  const now = line.now();
  $("clock").textContent = wallClock(now, language);
  $("next").textContent = nextSentence(room.state, now, words);
  const left = undoable ? Math.ceil((undoable.until - Date.now()) / 1000) : 0;
  $("undo").hidden = left <= 0;
  $("undo").textContent = words.undo.replace("%n", left);
}

for (const button of buttons.values()) button.tabIndex = -1;
(buttons.get(chosen) ?? [...buttons.values()][0])?.setAttribute("tabindex", "0");
