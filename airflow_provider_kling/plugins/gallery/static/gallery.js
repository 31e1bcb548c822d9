// What runs is counted every second, and asked for every ten: a card whose state has changed is replaced.
(function () {
  const clock = (seconds) => {
    const whole = Math.max(0, Math.round(seconds));
    const two = (number) => String(number).padStart(2, "0");
    if (whole < 60) return `${whole} s`;
    const minutes = Math.floor(whole / 60);
    return minutes < 60 ? `${minutes}:${two(whole % 60)}`
      : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
  };
  const running = () => [...document.querySelectorAll('[data-state="running"], [data-state="waiting"], [data-state="retrying"]')];
  const count = () => {
    for (const line of document.querySelectorAll("[data-since]")) {
      const elapsed = Date.now() / 1000 - Number(line.dataset.since);
      line.querySelector("[data-elapsed]").textContent = clock(elapsed);
      const bar = line.querySelector("progress");
      if (bar) bar.value = Math.min(elapsed, bar.max);
    }
  };
  const refresh = async () => {
    const old = running();
    if (!old.length || document.hidden) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const card of old) {
      const next = page.querySelector(`[data-key="${CSS.escape(card.dataset.key)}"]`);
      if (next && next.dataset.state !== card.dataset.state) replace(card, document.importNode(next, true));
    }
  };
  // The same link is in focus afterwards, for those who use the keyboard.
  const replace = (card, fresh) => {
    const link = card.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    card.replaceWith(fresh);
    if (link) [...fresh.querySelectorAll("a")].find((each) => each.getAttribute("href") === link)?.focus();
  };
  setInterval(count, 1000);
  setInterval(() => refresh().catch(() => {}), 10000);
})();
