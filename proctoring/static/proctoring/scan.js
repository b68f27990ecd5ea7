// What was typed or scanned, and whom it means in this room.

const LATIN = "1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./" + "!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?";
const THAI = "ๅ/-ภถุึคตจขชๆไำพะัีรนยบลฃฟหกดเ้่าสวงผปแอิืทมใฝ" + "+๑๒๓๔ู฿๕๖๗๘๙๐\"ฎฑธํ๊ณฯญฐ,ฅฤฆฏโฌ็๋ษศซ.()ฉฮฺ์?ฒฬฦ";
const KEYS = new Map([...THAI].map((letter, place) => [letter, LATIN[place]]));
const DIGITS = "๐๑๒๓๔๕๖๗๘๙";

function pastThaiLayout(text) {
  return [...text].map((letter) => KEYS.get(letter) ?? letter).join("");
}

function plainDigits(text) {
  return [...text].map((letter) => (DIGITS.includes(letter) ? DIGITS.indexOf(letter) : letter)).join("");
}

// { number, card }: the ten digits, and the whole text when it was a scanned card.
export function readCard(text) {
  const plain = text.trim();
  for (const candidate of [plain, plainDigits(plain), pastThaiLayout(plain)]) {
    const card = candidate.match(/^SNM1\.(\d{10})\.\S{1,150}$/i);
    if (card) return { number: card[1], card: candidate };
    const digits = candidate.replace(/[ -]/g, "");
    if (/^\d{10}$/.test(digits)) return { number: digits, card: "" };
  }
  return { number: "", card: "" };
}

// The people of this room whom the text may mean: by card, seat, or the beginning of a name.
export function meant(text, people) {
  const { number } = readCard(text);
  if (number) return people.filter((person) => person.number === number);
  const wanted = text.trim().toLocaleLowerCase();
  if (!wanted) return [];
  const bySeat = people.filter((person) => person.seat.toLocaleLowerCase() === wanted);
  if (bySeat.length) return bySeat;
  return people.filter((person) => person.name.toLocaleLowerCase().includes(wanted));
}
