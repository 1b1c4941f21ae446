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

// --- forms: what is wrong is said at the form, which keeps what was typed; else one goes where the server says ---
const PROBLEM = "application/problem+json";
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.enctype === "multipart/form-data") return;
  event.preventDefault();
  if (!form.ariaBusy) send(form, event.submitter);
});
addEventListener("pageshow", () => $$("form[aria-busy]").forEach((form) => { form.ariaBusy = null; }));

async function send(form, button) {
  form.ariaBusy = "true";
  clearProblems(form);
  let goes = false;
  try {
    const body = new URLSearchParams(new FormData(form, button));
    const headers = { Accept: `${PROBLEM}, text/html;q=0.9` };
    const address = button?.getAttribute("formaction") || form.getAttribute("action") || location.href;
    const answer = await fetch(address, { method: "POST", body, headers });
    goes = answer.headers.has("Location");
    if (goes) go(answer.headers.get("Location"));
    else if (answer.headers.get("Content-Type")?.startsWith(PROBLEM)) showProblem(form, await answer.json());
    else showPage(await answer.text(), answer.ok);
  } catch {
    showProblem(form, { detail: "The server could not be reached. What you typed is still here: try again in a moment." });
  }
  if (!goes) form.ariaBusy = null;
}

function go(address) {
  const to = new URL(address, location.href);
  const isHere = to.hash && to.pathname + to.search === location.pathname + location.search;
  if (!isHere) return location.assign(to);
  history.replaceState(null, "", to);  // an address with a # of this page would only be scrolled to
  location.reload();
}

function showPage(html, isWell) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const main = $("#main", page);
  if (!main) throw new Error("This is no page of ours.");
  document.title = page.title;
  $("#main").replaceWith(main);
  window.htmx?.process($("#main"));
  localTimes();
  drawCharts();
  const wrong = isWell ? null : $("#main .is-invalid, #main [aria-invalid]") || $("#main .error, #main .notice.warning, #main .notice.danger");
  $$("#main .error").forEach((message) => { message.role = "alert"; });
  if (!wrong) scrollTo(0, 0);
  land(wrong || $("#main"));
}

function showProblem(form, problem) {
  const told = problem.errors?.length ? problem.errors : [{ pointer: problem.code, detail: problem.detail }];
  const places = told.map(({ pointer, detail }) => {
    const field = fieldOf(form, (pointer || "").replace(/^\//, ""));
    const words = inLabels(form, detail);
    return field ? mark(field, words) : tell(form, words);
  });
  land(places.find((place) => place.ariaInvalid) || places[0]);
}

function fieldOf(form, name) {
  const found = form.elements.namedItem(name);
  const field = found instanceof RadioNodeList ? found[0] : found;
  return field && field.type !== "hidden" && field.checkVisibility?.() !== false ? field : null;
}

// Machines know a field by its name in back-ticks, people by its label.
function inLabels(form, words) {
  return words.replace(/`(\w+)`/g, (_, name) => `“${labelOf(form, name) || name.replaceAll("_", " ")}”`);
}
function labelOf(form, name) {
  const label = fieldOf(form, name)?.labels?.[0];
  return label && [...label.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("").trim();
}

function mark(field, words) {
  const message = said(words, "error");
  message.id = `problem-${field.id || field.name}`;
  field.ariaInvalid = "true";
  field.classList.add("is-invalid");
  field.dataset.described = field.getAttribute("aria-describedby") || "";
  field.setAttribute("aria-describedby", `${message.id} ${field.dataset.described}`.trim());
  field.after(message);
  field.addEventListener("input", () => unmark(field), { once: true });
  return field;
}
function unmark(field) {
  document.getElementById(`problem-${field.id || field.name}`)?.remove();
  field.removeAttribute("aria-invalid");
  field.classList.remove("is-invalid");
  if (field.dataset.described) field.setAttribute("aria-describedby", field.dataset.described);
  else field.removeAttribute("aria-describedby");
}
function tell(form, words) {
  const message = said(words, "notice warning");
  message.dataset.problem = "";
  form.prepend(message);
  return message;
}
function said(words, look) {
  const message = document.createElement("p");
  message.className = look;
  message.role = "alert";
  message.textContent = words;
  return message;
}
function clearProblems(form) {
  $$("[data-problem]", form).forEach((message) => message.remove());
  [...form.elements].filter((field) => field.ariaInvalid).forEach(unmark);
}
function land(place) {
  if (!place.matches("input, select, textarea, button, a")) place.tabIndex = -1;
  place.focus();
  place.scrollIntoView({ block: "nearest" });
}
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-back]")) return;
  event.preventDefault();
  history.back();
});

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
document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt.matches("form")) clearProblems(event.detail.elt); });
document.addEventListener("htmx:responseError", ({ detail: { elt, xhr } }) => {
  if (elt.matches("form") && xhr.getResponseHeader("Content-Type")?.startsWith(PROBLEM)) showProblem(elt, JSON.parse(xhr.responseText));
  else $("#live").textContent = "That did not work. Reload the page and try again.";
});
document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });
