// Dragging along the curve shows another plan at once: all are on the page already. Links do the
// same without a script; here they answer without loading, and the address follows.
const slider = document.querySelector("[data-points] input[type=range]");
const points = [...document.querySelectorAll("a[data-go]")];

function mark(part, on) {
  if (on) part.setAttribute("aria-current", "true");
  else part.removeAttribute("aria-current");
}

function show(place) {
  slider.value = place;
  const shown = slider.value;
  document.querySelectorAll("[data-point]").forEach((part) => { part.hidden = part.dataset.point !== shown; });
  document.querySelectorAll("[data-row]").forEach((row) => mark(row, row.dataset.row === shown));
  points.forEach((point) => mark(point, point.dataset.go === shown));
  const said = points.find((point) => point.dataset.go === shown)?.getAttribute("aria-label");
  if (said) slider.setAttribute("aria-valuetext", said);
  document.querySelectorAll("[data-step]").forEach((step) => {
    const next = Number(shown) + Number(step.dataset.step);
    const inside = next >= 0 && next <= Number(slider.max);
    if (inside) { step.href = `?plan=${next}`; step.removeAttribute("aria-disabled"); }
    else { step.removeAttribute("href"); step.setAttribute("aria-disabled", "true"); }
  });
  history.replaceState(null, "", `?plan=${shown}`);
}

function follow(event, place) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(place);
}

if (slider) {
  slider.addEventListener("input", () => show(slider.value));
  points.forEach((point) => point.addEventListener("click", (event) => follow(event, point.dataset.go)));
  document.querySelectorAll("[data-step]").forEach((step) => {
    step.addEventListener("click", (event) => follow(event, Number(slider.value) + Number(step.dataset.step)));
  });
}
