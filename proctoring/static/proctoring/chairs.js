// Where people sit in the drawing of the room.

// Whoever was moved sits where he was moved to; the empty chair stays behind.
export function place(button, label) {
  const from = button.closest("li");
  const to = document.getElementById("map").querySelector(`[data-seat="${CSS.escape(label)}"]`);
  if (!to || to === from) return;
  const empty = [...to.children];
  to.replaceChildren(button);
  from.replaceChildren(...empty);
  for (const item of [from, to]) {
    const shown = item.querySelector("b");
    if (shown) shown.firstChild.textContent = `${item.dataset.seat} `;
  }
}
