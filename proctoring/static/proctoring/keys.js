// The keys of the console. Letters are taken by their place on the keyboard, so that the Thai
// layout does not break them, and only while the map or the seat card has the focus.

const $ = (id) => document.getElementById(id);

export function listenForKeys(room) {
  const first = () => [...room.buttons.values()][0];
  const here = () => room.buttons.get(room.chosen()) ?? first();

  const letters = {
    KeyY: () => press("seat.id_verify?match=true"),
    KeyN: () => press("seat.id_verify?match=false"),
    KeyT: () => press("seat.out?reason=toilet") || press("seat.back"),
    KeyA: () => press("seat.absent"),
    KeyU: room.undo,
    KeyI: room.openIncident,
    KeyF: room.nextFilter,
    KeyH: () => room.step("incident.open", { kind: "help" }),
  };

  function press(value) {
    const button = $("card").querySelector(`button[value="${value}"]`);
    if (!room.chosen() || !button || button.closest("[hidden]")) return false;
    button.click();
    return true;
  }

  function onMap(event) {
    const goal = event.target.closest("#map") && neighbour(event.key, here(), [...room.buttons.values()]);
    if (goal) {
      event.preventDefault();
      room.choose(Number(goal.dataset.booking));
    } else if (event.code === "Enter" && event.target.closest("#map")) {
      event.preventDefault();
      room.checkInOne(Number(event.target.dataset.booking));
    } else if (room.lettersOn() && !event.repeat && letters[event.code]) {
      event.preventDefault();
      letters[event.code]();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.code === "Escape") return here()?.focus();
    const typing = event.target.matches("input, textarea, select");
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "/" || /^\d$/.test(event.key)) {
      if (event.key === "/") event.preventDefault();
      $("number").focus();
    } else if (event.target.closest("#map, #card")) onMap(event);
  });
}

function neighbour(key, from, all) {
  const [row, column] = [Number(from.dataset.row), Number(from.dataset.column)];
  const same = (b) => Number(b.dataset.row) === row;
  const by = {
    ArrowLeft: () => all.filter((b) => same(b) && Number(b.dataset.column) < column).at(-1),
    ArrowRight: () => all.find((b) => same(b) && Number(b.dataset.column) > column),
    ArrowUp: () => nearest(all.filter((b) => Number(b.dataset.row) < row), -1, column),
    ArrowDown: () => nearest(all.filter((b) => Number(b.dataset.row) > row), 1, column),
    Home: () => all.find(same),
    End: () => all.filter(same).at(-1),
  };
  return by[key]?.();
}

function nearest(candidates, way, column) {
  if (!candidates.length) return undefined;
  const rows = candidates.map((b) => Number(b.dataset.row));
  const row = way > 0 ? Math.min(...rows) : Math.max(...rows);
  const far = (b) => Math.abs(Number(b.dataset.column) - column);
  return candidates.filter((b) => Number(b.dataset.row) === row).reduce((a, b) => (far(b) < far(a) ? b : a));
}
