// Airflow 3.1 keeps its token in the page's storage, where a browser does not send it for pictures and clips.
(function () {
  const root = document.querySelector("header a").getAttribute("href").replace(/\/$/, "");
  const renew = async () => {
    const token = localStorage.getItem("token");
    if (!token) { document.querySelector("main").replaceChildren("Log in to Airflow, then open this page again."); return; }
    const answer = await fetch(`${root}/session`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
    if (answer.status === 205) location.reload();
  };
  renew().catch(() => {});
  setInterval(() => renew().catch(() => {}), 30000);
})();
