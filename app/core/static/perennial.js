// What pages do beyond their links and forms. Everything here is an extra: pages read and post without it.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- light and dark ---
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-switch-theme]")) return;
  const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", next);
  document.documentElement.dataset.bsTheme = next;
  drawCharts();
});

// --- one menu open at a time, closed by Escape or a click elsewhere ---
document.addEventListener("click", (event) => {
  $$("details.menu[open]").forEach((menu) => menu.contains(event.target) || menu.removeAttribute("open"));
});

// --- the palette ---
function openPalette() {
  const palette = $("#palette");
  if (!palette || palette.open) return;
  palette.showModal();
  $("input", palette).select();
  document.body.dispatchEvent(new Event("palette-open"));
}
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open-palette]")) openPalette();
  if (event.target.id === "palette") event.target.close();
});
function movePalette(step) {
  const found = $$("#palette-found a");
  if (!found.length) return;
  const at = found.findIndex((link) => link.classList.contains("on"));
  const next = found[(at + step + found.length) % found.length];
  found.forEach((link) => link.classList.toggle("on", link === next));
  next.scrollIntoView({ block: "nearest" });
}

// --- the keyboard: j and k walk a list, Enter opens, x selects, / searches ---
function walk(step) {
  const rows = $$("[data-rows] > [data-row]");
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("at"));
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  rows.forEach((row) => row.classList.toggle("at", row === next));
  next.scrollIntoView({ block: "nearest" });
}
document.addEventListener("keydown", (event) => {
  const palette = $("#palette");
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return openPalette();
  }
  if (palette?.open) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      movePalette(event.key === "ArrowDown" ? 1 : -1);
    }
    if (event.key === "Enter") {
      const chosen = $("#palette-found a.on") || $("#palette-found a");
      if (chosen) { event.preventDefault(); location.href = chosen.href; }
    }
    return;
  }
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = $("[data-row].at");
  const acts = {
    j: () => walk(1),
    k: () => walk(-1),
    Enter: () => !event.target.matches("a, button, summary") && at && $("a[data-open]", at)?.click(),
    x: () => at && $("input[type=checkbox]", at)?.click(),
    "/": () => { const box = $("input[type=search]"); if (box) { event.preventDefault(); box.focus(); } },
    Escape: () => $$("details.menu[open]").forEach((menu) => menu.removeAttribute("open")),
  };
  acts[event.key]?.();
});

// --- bulk acts: the bar shows once something is selected ---
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) {
    $$("[data-select]").forEach((box) => { box.checked = event.target.checked; });
  }
  if (event.target.matches("[data-select], [data-select-all]")) {
    const count = $$("[data-select]:checked").length;
    const bar = $("[data-bulk]");
    if (bar) { bar.hidden = !count; $("[data-bulk-count]", bar).textContent = count; }
  }
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
});

// --- ask once before what cannot be undone ---
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
}, true);

// --- a link to what is folded away unfolds it ---
function unfold() {
  const target = document.getElementById(location.hash.slice(1));
  if (target?.matches("details")) { target.open = true; $("input:not([type=hidden]), select", target)?.focus(); }
}
addEventListener("hashchange", unfold);
document.addEventListener("DOMContentLoaded", unfold);

// --- on a narrow screen, the place where one is stands in view ---
document.addEventListener("DOMContentLoaded", () => {
  $$(".places [aria-current], .tabs [aria-current]").forEach((here) => { here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 40; });
});

// --- copy to the clipboard ---
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText($(button.dataset.copy).textContent.trim());
  $("#live").textContent = "Copied";
  button.textContent = "Copied";
});

// --- times in the reader's own zone; the exact instant on hover ---
function localTimes(root = document) {
  $$("time[datetime]", root).forEach((element) => {
    if (element.dataset.local) return;
    const at = new Date(element.getAttribute("datetime"));
    element.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
    element.dataset.local = "yes";
  });
}

// --- charts: <figure data-chart="id of its JSON"> ---
function drawCharts() {
  if (!window.echarts) return;
  $$("[data-chart]").forEach((box) => {
    echarts.getInstanceByDom(box)?.dispose();
    const style = getComputedStyle(document.documentElement);
    const token = (name) => style.getPropertyValue(name).trim();
    const option = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    const paint = (value) => JSON.parse(JSON.stringify(value).replace(/"var\((--[\w-]+)\)"/g, (_, name) => JSON.stringify(token(name))));
    const chart = echarts.init(box, null, { renderer: "svg" });
    chart.setOption({
      animation: false,
      aria: { enabled: true },
      textStyle: { fontFamily: "inherit", color: token("--ink") },
      tooltip: { trigger: "axis", renderMode: "richText", confine: true },
      ...paint(option),
    });
  });
}
addEventListener("resize", () => $$("[data-chart]").forEach((box) => window.echarts?.getInstanceByDom(box)?.resize()));

document.addEventListener("DOMContentLoaded", () => { localTimes(); drawCharts(); });
document.addEventListener("htmx:afterSettle", (event) => { localTimes(event.target); });
document.addEventListener("htmx:responseError", () => { $("#live").textContent = "That did not work. Reload the page and try again."; });
document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });
