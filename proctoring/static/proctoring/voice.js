// What the page says: a sentence for ears, a large answer for eyes, and the last step.

import { mark } from "./dom.js";

const $ = (id) => document.getElementById(id);

// One sentence for ears at most every three seconds; the last one wins.
let spoken = 0;
let waitingWords;
export function announce(text) {
  clearTimeout(waitingWords);
  const wait = Math.max(0, spoken + 3000 - Date.now());
  waitingWords = setTimeout(() => {
    spoken = Date.now();
    $("said").textContent = text;
  }, wait);
}

let answerBox;
export function answer(text, isGood) {
  answerBox?.remove();
  answerBox = Object.assign(document.createElement("div"), { className: isGood ? "answer" : "answer bad" });
  answerBox.append(mark(isGood ? "ok" : "no"), ` ${text}`);
  $("console").append(answerBox);
  setTimeout((box) => box.remove(), isGood ? 1200 : 4500, answerBox);
  if (isGood) announce(text);
  else $("shout").textContent = text;
  if (!isGood) last(text, false);
}

export function last(text, isGood = true) {
  $("last").textContent = text;
  $("last-mark").replaceChildren(mark(isGood ? "ok" : "no"));
  $("last-mark").className = isGood ? "ok-t" : "bad-t";
}
