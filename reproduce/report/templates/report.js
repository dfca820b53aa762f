"use strict";
// Without this script the page shows everything, sorted with the worst cases first. With it tables sort and filter.
(() => {
  const valueOf = (cell) => cell.dataset.value ?? cell.textContent.trim();

  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    if (a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return a.localeCompare(b, "en", { numeric: true });
  };

  const sortBy = (table, column, ascending) => {
    const rows = [...table.tBodies[0].rows];
    const undefinedLast = (row) => (valueOf(row.cells[column]) === "–" ? 1 : 0);
    rows.sort((one, other) => undefinedLast(one) - undefinedLast(other)
      || (ascending ? 1 : -1) * compare(valueOf(one.cells[column]), valueOf(other.cells[column])));
    table.tBodies[0].append(...rows);
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => sortBy(table, column, head.getAttribute("aria-sort") !== "ascending"));
      head.replaceChildren(button);
    });
  }

  for (const form of document.querySelectorAll(".filter")) {
    const table = document.getElementById(form.dataset.for);
    const score = [...table.tHead.rows[0].cells].findIndex((head) => "score" in head.dataset);
    const [text, most, count] = [form.querySelector(".text"), form.querySelector(".most"), form.querySelector("output")];
    const apply = () => {
      const [wanted, limit] = [text.value.trim().toLowerCase(), most.value === "" ? Infinity : Number(most.value)];
      let shown = 0;
      for (const row of table.tBodies[0].rows) {
        const value = Number(row.cells[score].dataset.value ?? NaN);
        const within = limit === Infinity || value <= limit;
        const named = `${row.cells[0].textContent} fold ${row.cells[score + 1].textContent}`.toLowerCase().includes(wanted);
        row.hidden = !(within && named);
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = `${shown} of ${table.tBodies[0].rows.length} shown`;
    };
    text.addEventListener("input", apply);
    most.addEventListener("input", apply);
    form.hidden = false;
  }

  const openTarget = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const each of closed) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of closed) each.open = false;
  });
})();
