// Fetches the page again while something is being made, and shows it whole when that has ended.
const place = document.querySelector("[data-running]");
const until = Date.now() + 30 * 60 * 1000;
const look = async () => {
  try {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.querySelector("[data-running]");
    if (answer.ok && !now) {
      location.reload();
      return;
    }
    if (now && now.textContent !== place.textContent) {
      place.replaceChildren(...now.childNodes);
    }
  } catch {
    // the network was away for a moment
  }
  if (Date.now() < until) {
    setTimeout(look, 3000);
  }
};
if (place) {
  setTimeout(look, 2000);
}
