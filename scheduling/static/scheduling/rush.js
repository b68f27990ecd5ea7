// Keeps the picture of the rush fresh: the same fragment every five seconds while it is looked at.
const place = document.querySelector("[data-rush]");
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function follow() {
  for (;;) {
    await wait(5000);
    if (document.hidden) continue;
    try {
      const answer = await fetch(place.dataset.rush, { headers: { accept: "text/html" } });
      if (!answer.ok) continue;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-rush-body]");
      if (fresh) place.replaceChildren(fresh);
    } catch { await wait(10000); }
  }
}

if (place) follow();
