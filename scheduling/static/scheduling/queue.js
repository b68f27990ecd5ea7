// Asks for one's place again, the less often the longer the wait; loads the page when it is time.
const panel = document.querySelector("[data-queue]");
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function follow() {
  for (;;) {
    let pause = 15000;
    try {
      const answer = await fetch(panel.dataset.queue, { headers: { accept: "application/json" } });
      if (!answer.ok) { await wait(30000); continue; }
      const state = await answer.json();
      if (state.is_in) { location.reload(); return; }
      if (state.position) panel.querySelector("[data-position]").textContent = state.position.toLocaleString();
      if (state.turn_at) {
        const left = Date.parse(state.turn_at) - Date.now();
        pause = Math.min(60000, Math.max(5000, left / 6));
      }
    } catch { pause = 30000; }
    await wait(pause * (0.8 + 0.4 * Math.random()));
  }
}

if (panel) follow();
