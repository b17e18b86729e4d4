// Asks how far the check is, and shows the page again when it has ended. Gives up after ten minutes.
const place = document.querySelector("[data-waiting]");
const until = Date.now() + 10 * 60 * 1000;
const ask = async () => {
  try {
    const answer = await fetch(place.dataset.waiting, { headers: { Accept: "application/json" } });
    const state = answer.ok ? await answer.json() : { waiting: true, step: "" };
    if (!state.waiting) {
      location.reload();
      return;
    }
    if (state.step) {
      place.querySelector("[data-step]").textContent = state.step + ".";
    }
  } catch {
    // the network was away for a moment
  }
  if (Date.now() < until) {
    setTimeout(ask, 1500);
  }
};
if (place) {
  setTimeout(ask, 700);
}
