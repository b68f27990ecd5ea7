// Dragging along the curve shows another plan at once: all are on the page already.
const slider = document.querySelector("[data-points] input");

function show() {
  document.querySelectorAll("[data-point]").forEach((part) => {
    part.hidden = part.dataset.point !== slider.value;
  });
  document.querySelectorAll("tbody tr").forEach((row, place) => {
    if (place === Number(slider.value)) row.setAttribute("aria-current", "true");
    else if (row.closest("[data-point]") === null) row.removeAttribute("aria-current");
  });
}

slider?.addEventListener("input", show);
