// Airflow's pages keep the theme in the storage of their origin, which is this page's, too.
(function () {
  const apply = () => {
    let theme = null;
    try { theme = JSON.parse(localStorage.getItem("theme")); } catch { theme = localStorage.getItem("theme"); }
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  try { apply(); addEventListener("storage", apply); } catch { /* no storage: the system's theme */ }
})();
