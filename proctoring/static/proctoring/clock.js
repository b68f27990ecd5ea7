// The room's clock: drawn from facts of the server, never from ticks.

const MINUTE = 60_000;

// h:mm:ss by itself; under an hour m:ss and the word for minutes.
export function length(ms, words) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : words.minutes.replace("%n", `${m}:${two(s)}`);
}

const LOCAL = { hour: "numeric", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: "Asia/Bangkok" };

export function wallClock(ms, language) {
  const text = new Intl.DateTimeFormat("en-GB", LOCAL).format(ms).replace(/^0/, "");
  return language === "th" ? text.replaceAll(":", ".") : text;
}

export function shortTime(ms, language) {
  const text = wallClock(ms, language).slice(0, -3);
  return language === "th" ? `${text} น.` : text;
}

// When the time of a person with `extra` minutes ends; null before the room starts.
export function endsAt(clock, extra, now) {
  if (!clock.started_at) return null;
  const standing = clock.paused_since ? Math.max(0, now - clock.paused_since) : 0;
  return clock.started_at + (clock.minutes + clock.extended + extra) * MINUTE + clock.paused_ms + standing;
}

// What comes next, as a sentence.
export function nextSentence(state, now, words) {
  const { clock, phase } = state;
  if (["sealed", "closed", "aborted"].includes(phase)) return words.over_at;
  if (phase === "paused" || phase === "evacuated") return words.paused;
  const end = endsAt(clock, 0, now);
  if (end !== null) {
    const say = now < end ? words.ends_in : words.over;
    return say.replace("%n", length(Math.abs(end - now), words));
  }
  if (!clock.starts_at) return "";
  const say = now < clock.starts_at ? words.starts_in : words.not_started;
  return say.replace("%n", length(Math.abs(clock.starts_at - now), words));
}
