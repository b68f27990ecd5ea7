// Typing a key from the book: one letter, and the next place takes over; with Shift it stays, for
// several right answers. Without this, Tab goes on.
const fields = [...document.querySelectorAll("[data-keys] input")];

fields.forEach((field, at) => {
  field.addEventListener("focus", () => field.select());
  field.addEventListener("input", (event) => {
    const word = field.value.trim();
    field.value = word.toUpperCase();
    const single = word.length === 1 && (field.dataset.options.includes(field.value) || "*-".includes(word));
    const plain = event.inputType === "insertText" && event.data === event.data.toLowerCase();
    if (single && plain && fields[at + 1]) fields[at + 1].focus();
  });
  field.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, Enter: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const inside = step === 1 ? field.selectionEnd < field.value.length : field.selectionStart > 0;
    if (!step || (event.key.startsWith("Arrow") && inside && field.selectionStart === field.selectionEnd)) return;
    const next = fields[at + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
});
