// Airflow 3.1 keeps its token in the page's storage, where a browser does not send it for pictures and clips.
(async function () {
  const token = localStorage.getItem("token");
  if (!token) return;
  const root = document.querySelector("header a").getAttribute("href").replace(/\/$/, "");
  const answer = await fetch(`${root}/session`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  if (answer.ok) location.reload();
})();
