// The light or the dark theme: that of the system, until the reader chooses one.

import { $ } from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;

function apply() {
  const chosen = localStorage.getItem("theme");
  root.dataset.theme = chosen ?? (dark.matches ? "dark" : "light");
  document.dispatchEvent(new Event("theme"));
}

export function start() {
  dark.addEventListener("change", apply);
  $("theme").addEventListener("click", () => {
    localStorage.setItem("theme", root.dataset.theme === "dark" ? "light" : "dark");
    apply();
  });
  apply();
}
