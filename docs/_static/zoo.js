// The zoo's index, filtered by year and by any word of a row.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("zoo-filter");
  const table = document.querySelector("table");
  if (!place || !table) return;
  const rows = [...table.tBodies[0].rows];
  const years = [...new Set(rows.map((row) => row.cells[1].textContent.trim()))].sort();
  place.innerHTML =
    '<label>year <select><option value="">all</option>' +
    years.map((year) => `<option>${year}</option>`).join("") +
    '</select></label> <label>search <input type="search" placeholder="name, title, author, family"></label>' +
    ' <output aria-live="polite"></output>';
  const [year, words, count] = ["select", "input", "output"].map((name) => place.querySelector(name));
  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = (!year.value || row.cells[1].textContent.trim() === year.value) && wanted.every((w) => text.includes(w));
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  // The state stands in the address, so that a filtered zoo can be linked to.
  const asked = new URLSearchParams(location.search);
  year.value = asked.get("year") ?? "";
  words.value = asked.get("search") ?? "";
  const changed = () => {
    filter();
    const state = new URLSearchParams({ ...(year.value && { year: year.value }), ...(words.value && { search: words.value }) });
    history.replaceState(null, "", state.size ? `?${state}` : location.pathname);
  };
  year.addEventListener("change", changed);
  words.addEventListener("input", changed);
  filter();
});
