// Keeps a run's progress fresh: asks for the same fragment again until the run is finished,
// then loads the whole page once, because a finished run has more to show.
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function follow(run) {
  while (run.hasAttribute("data-live")) {
    await wait(1000);
    try {
      const answer = await fetch(run.dataset.run, { headers: { accept: "text/html" } });
      if (!answer.ok) continue;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-run]");
      if (!fresh) continue;
      if (!fresh.hasAttribute("data-live")) { location.reload(); return; }
      run.replaceChildren(...fresh.childNodes);
    } catch { await wait(3000); }
  }
}

document.querySelectorAll("[data-run][data-live]").forEach(follow);
