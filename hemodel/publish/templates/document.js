"use strict";
// Opens and closes all folded sections at once; finds rows in long tables by what is typed.
const folds = [...document.querySelectorAll("details.fold")];
const button = document.getElementById("open-all");
button.addEventListener("click", () => {
  const open = !folds.every((fold) => fold.open);
  for (const fold of folds) fold.open = open;
  button.textContent = open ? "Close all" : "Open all";
});
for (const table of document.querySelectorAll("[data-table=inputs] table, [data-table=scenarios] table")) {
  const field = document.createElement("input");
  field.type = "search";
  field.placeholder = "Find in this table";
  field.setAttribute("aria-label", "Find in this table");
  const rows = [...table.tBodies[0].rows];
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(" ").filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word)) && !row.classList.contains("band");
    }
  });
  table.closest("figure").insertBefore(field, table.parentElement);
}
