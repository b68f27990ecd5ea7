// The board of a centre, and the wall of all: latest values, drawn where they always stand.

import { wallClock } from "./clock.js";
import { mark, span } from "./dom.js";

const data = JSON.parse(document.getElementById("board-data").textContent);
const { words } = data;
const language = document.documentElement.lang;
const rooms = new Map(data.rooms.map((line) => [line.room, line]));
const centres = new Map(data.centres.map((line) => [line.centre, line]));
const incidentsAtFirst = total("incidents");
const RETRY_MS = 15_000;
const PING_MS = 20_000;
let offset = 0;
let tries = 0;
let socket;
let heardAt = 0;

function lines() {
  return [...rooms.values(), ...centres.values()];
}

function total(name) {
  return lines().reduce((sum, line) => sum + line[name], 0);
}

const number = (value) => value.toLocaleString("en-GB");

function connect() {
  const address = new URL(data.socket, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  socket = new WebSocket(address, "proctor.v1");
  socket.onmessage = (message) => hear(JSON.parse(message.data));
  socket.onclose = () => {
    tries += 1;
    showLine(false);
    setTimeout(connect, Math.random() * Math.min(RETRY_MS, 500 * 2 ** tries));
  };
}

function hear(frame) {
  heardAt = Date.now();
  if (frame.now) offset = frame.now - Date.now();
  if (frame.t !== "wall") return;
  tries = 0;
  for (const line of frame.rooms ?? []) {
    rooms.set(line.room, line);
    drawRoom(line);
  }
  for (const line of frame.centres ?? []) {
    centres.set(line.centre, line);
    drawCentre(line);
  }
  drawTotals();
  showLine(true);
}

function isSilent(line) {
  return line.silent_from > 0 && Date.now() + offset >= line.silent_from;
}

function drawRoom(line) {
  const mini = document.querySelector(`[data-room="${line.room}"]`);
  if (!mini) return;
  mini.className = `mini ${line.incidents ? "bad" : line.conflicts || isSilent(line) ? "look" : ""}`;
  mini.querySelector("[data-field=came]").textContent = line.came;
  mini.querySelector("[data-field=total]").textContent = line.total;
  const phase = data.phases[line.phase];
  mini.querySelector("[data-field=word]").textContent = isSilent(line) ? words.silent.replace("%n", phase) : phase;
  for (const [booking, letter] of Object.entries(line.seats ?? {})) {
    mini.querySelector(`[data-booking="${booking}"]`)?.setAttribute("class", `f-${letter}`);
  }
}

function drawCentre(line) {
  const row = document.querySelector(`[data-centre="${line.centre}"]`);
  if (!row) return;
  for (const name of ["ready", "came", "total"]) row.querySelector(`[data-field=${name}]`).textContent = number(line[name]);
  for (const name of ["incidents", "silent"]) row.querySelector(`[data-field=${name}]`).textContent = line[name] || "–";
  row.querySelector("[data-field=bar]").setAttribute("width", line.total ? Math.round((220 * line.came) / line.total) : 0);
  row.querySelector("[data-field=word]").replaceChildren(stateOf(line));
}

function stateOf(line) {
  const tag = (kind, icon, count, one, more) => {
    const word = span((count === 1 ? one : more).replace("%n", count), `tag ${kind}`);
    word.prepend(mark(icon));
    return word;
  };
  if (line.incidents) return tag("bad", "flag", line.incidents, words.incident, words.incidents);
  if (line.silent) return tag("look", "off", line.silent, words.silent_room, words.silent_rooms);
  return span(words.normal, "muted");
}

function drawTotals() {
  for (const element of document.querySelectorAll("[data-total]")) element.textContent = number(total(element.dataset.total));
  const opened = document.getElementById("opened");
  if (opened) {
    opened.textContent = [...rooms.values()].filter((line) => line.phase !== "planned").length;
    const silent = [...rooms.values()].filter(isSilent).length;
    document.getElementById("silent").textContent = silent;
    document.getElementById("silent-tile").classList.toggle("look", silent > 0);
    document.getElementById("incident-tile").classList.toggle("bad", total("incidents") > 0);
  }
  document.getElementById("changed").hidden = total("incidents") === incidentsAtFirst;
}

function showLine(isOpen) {
  const box = document.getElementById("line");
  box.classList.toggle("off", !isOpen);
  box.querySelector("use").setAttribute("href", isOpen ? "#m-ok" : "#m-off");
  const since = wallClock((heardAt || Date.now()) + offset, language);
  document.getElementById("line-text").textContent = isOpen ? words.live : words.stale.replace("%n", since);
}

function tick() {
  const clock = document.getElementById("clock");
  if (clock) clock.textContent = wallClock(Date.now() + offset, language);
  for (const line of rooms.values()) if (isSilent(line)) drawRoom(line);
}

tick();
setInterval(tick, 1000);
setInterval(() => {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (Date.now() - heardAt > 2.5 * PING_MS) socket.close();
  else socket.send(JSON.stringify({ t: "ping", t0: Math.round(performance.now()) }));
}, PING_MS);
connect();
