// The clock of a hold: counts down what the server said was left, warns before the end.
// The page says until when without it.
for (const clock of document.querySelectorAll("[data-hold]")) {
  const ends = performance.now() + 1000 * Number(clock.dataset.hold);
  const left = clock.querySelector("[data-left]");
  const said = clock.querySelector("[data-said]");
  left.hidden = false;
  const tick = () => {
    const seconds = Math.max(0, Math.round((ends - performance.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const soon = seconds <= Number(clock.dataset.warn);
    clock.classList.toggle("soon", soon);
    if (soon && !said.textContent) said.textContent = clock.dataset.soon;
    if (seconds === 0) {
      said.textContent = clock.dataset.over;
      said.classList.remove("hidden");
      return;
    }
    setTimeout(tick, 1000);
  };
  tick();
}
