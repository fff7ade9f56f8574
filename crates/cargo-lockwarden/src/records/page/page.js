"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
};
const count = data.classes.length;
const counted = (number, one, many) => `${number} ${number === 1 ? one : many}`;
for (const part of document.querySelectorAll("[hidden]")) part.hidden = false;
const indexOf = new Map(data.classes.map((lock, index) => [lock.name, index]));
const [FROM, TO, NEW, KNOT, RUNS, HOLDS, TAKES, BY, MODES, GATES] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

// The head.
$("totals").textContent = data.totals;
for (const lock of data.classes) $("names").append(make("option", { value: lock.name }));
$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  draw();
});

// Findings. The pictures are SVG that the tool has written and escaped.
// A lock that is in no order has nothing to be opened.
const lockButton = (name) =>
  !indexOf.has(name) ? make("span", { class: "lock" }, name) : make("button", { class: "lock", type: "button", onclick: () => focusOn(name) }, name);
function card(finding, extra) {
  const body = make("article", { class: `card ${extra}`, id: `f-${finding.id}` });
  const title = finding.title.startsWith(`${finding.verdict}:`) ? finding.title.slice(finding.verdict.length + 1) : ` ${finding.title}`;
  body.append(make("h3", {}, make("span", { class: "verdict" }, `${finding.verdict}:`), title));
  if (finding.by) body.append(make("p", {}, `found by ${finding.by}`));
  for (const picture of [finding.ring, finding.lanes]) {
    if (!picture) continue;
    const holder = make("div", { class: "picture" });
    holder.innerHTML = picture;
    body.append(holder);
  }
  const places = make("div", { class: "places" });
  // A place at which several threads do the same is shown once.
  const byPlace = Map.groupBy(finding.places, (place) => place.place);
  for (const same of byPlace.values()) {
    const [place] = same;
    const source = make("pre", {});
    for (const [number, text] of place.lines) {
      source.append(make("span", { class: number === place.line ? "at" : "line" }, `${String(number).padStart(5)}  ${text}\n`));
    }
    const what = [...new Set(same.map((one) => one.what))].map((text) => make("div", {}, text));
    const figure = make("figure", {}, make("figcaption", {}, ...what, make("code", {}, place.place)));
    if (place.lines.length) figure.append(source);
    const stack = same.find((one) => one.stack)?.stack;
    if (stack) figure.append(make("details", {}, make("summary", {}, "Stack"), make("pre", {}, stack.join("\n"))));
    places.append(figure);
  }
  body.append(places);
  if (finding.why) body.append(make("p", {}, make("strong", {}, "Why: "), finding.why));
  if (finding.help) body.append(make("p", {}, make("strong", {}, "Help: "), finding.help));
  if (finding.locks.length) body.append(make("p", {}, "Locks: ", ...finding.locks.flatMap((name) => [lockButton(name), " "])));
  return body;
}
const findings = $("findings");
// The list for readers without a script gives way to the cards.
findings.replaceChildren(make("h2", {}, `Findings (${data.findings.length})`));
if (!data.findings.length) {
  const news = data.edges.filter((edge) => edge[NEW]).length;
  findings.append(make("p", { class: "none" }, count
    ? `No finding: ${counted(count, "lock", "locks")} in ${counted(data.edges.length, "order", "orders")}, ${news} of them new, and no cycle that is not accepted.`
    : "No finding: no lock was taken while another was held."));
}
for (const finding of data.findings) findings.append(card(finding, ""));
if (data.excused.length) {
  const box = make("details", {}, make("summary", {}, counted(data.excused.length, "excused cycle", "excused cycles")));
  for (const finding of data.excused) box.append(card(finding, "excused"));
  findings.append(box);
}

// The matrix: the canvas has the size of the window on it, and shows what is scrolled to.
const scroll = $("scroll"), spacer = $("spacer"), canvas = $("canvas"), pen = canvas.getContext("2d");
const byRow = Array.from({ length: count }, () => []);
data.edges.forEach((edge, index) => byRow[edge[FROM]].push([edge[TO], index]));
byRow.forEach((row) => row.sort((a, b) => a[0] - b[0]));
let size = Math.max(6, Math.min(22, Math.floor(760 / Math.max(1, count))));
let selected = -1, hovered = -1;
const longest = Math.max(0, ...data.classes.map((lock) => lock.name.length));
// The names leave more than half of the window to the matrix.
const letters = () => Math.min(46, longest, Math.floor(scroll.clientWidth * 0.4 / 7.3));
function elided(name) {
  const most = letters(), head = Math.floor((most - 1) / 2);
  return name.length <= most ? name : `${name.slice(0, head)}…${name.slice(head + 1 - most)}`;
}
const margin = () => (size >= 11 ? 14 + 7.3 * letters() : 8);
const top_ = 8;
function layout() {
  const ratio = devicePixelRatio || 1;
  scroll.style.height = `${Math.min(innerHeight * 0.62, top_ + count * size + 30)}px`;
  const [width, height] = [scroll.clientWidth, scroll.clientHeight];
  canvas.style.width = `${width}px`; canvas.style.height = `${height}px`;
  canvas.width = width * ratio; canvas.height = height * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  spacer.style.width = `${margin() + count * size + 20}px`;
  spacer.style.height = `${top_ + count * size + 20}px`;
  draw();
}
function draw() {
  const style = getComputedStyle(document.documentElement);
  const [ink, faint, line, bad, link, box] = ["--ink", "--faint", "--line", "--bad", "--link", "--box"].map((name) => style.getPropertyValue(name));
  const [width, height] = [scroll.clientWidth, scroll.clientHeight];
  const [left, above] = [margin() - scroll.scrollLeft, top_ - scroll.scrollTop];
  pen.clearRect(0, 0, width, height);
  const first = Math.max(0, Math.floor(-above / size)), last = Math.min(count, Math.ceil((height - above) / size));
  const firstColumn = Math.max(0, Math.floor(-left / size)), lastColumn = Math.min(count, Math.ceil((width - left) / size));
  const edge = selected >= 0 ? data.edges[selected] : null;
  if (edge) {
    pen.fillStyle = box;
    pen.fillRect(left, above + edge[FROM] * size, count * size, size);
    pen.fillRect(left + edge[TO] * size, above, size, count * size);
  }
  pen.strokeStyle = line; pen.lineWidth = 1; pen.beginPath();
  if (size >= 11) {
    for (let row = first; row <= last; row++) { pen.moveTo(left, above + row * size); pen.lineTo(left + count * size, above + row * size); }
    for (let column = firstColumn; column <= lastColumn; column++) { pen.moveTo(left + column * size, above); pen.lineTo(left + column * size, above + count * size); }
  } else pen.rect(left, above, count * size, count * size);
  pen.moveTo(left, above); pen.lineTo(left + count * size, above + count * size); pen.stroke();
  const radius = Math.max(1.5, size * 0.26);
  for (let row = first; row < last; row++) {
    for (const [column, index] of byRow[row]) {
      if (column < firstColumn - 1 || column > lastColumn) continue;
      const x = left + (column + 0.5) * size, y = above + (row + 0.5) * size;
      const isNew = data.edges[index][NEW];
      pen.beginPath();
      if (row > column) {
        pen.strokeStyle = bad; pen.lineWidth = 2;
        pen.moveTo(x - radius, y - radius); pen.lineTo(x + radius, y + radius);
        pen.moveTo(x - radius, y + radius); pen.lineTo(x + radius, y - radius); pen.stroke();
      } else {
        pen.arc(x, y, radius, 0, 7);
        if (isNew) { pen.strokeStyle = ink; pen.lineWidth = 1.4; pen.stroke(); } else { pen.fillStyle = ink; pen.fill(); }
      }
      if (index === selected || index === hovered) {
        pen.strokeStyle = link; pen.lineWidth = 2; pen.strokeRect(x - size / 2, y - size / 2, size, size);
      }
    }
  }
  if (size >= 11) {
    pen.fillStyle = style.getPropertyValue("--paper");
    pen.fillRect(0, 0, Math.min(margin() - scroll.scrollLeft, margin()), height);
    pen.font = "12px ui-monospace, monospace"; pen.textAlign = "right"; pen.textBaseline = "middle";
    for (let row = first; row < last; row++) {
      pen.fillStyle = edge && (edge[FROM] === row || edge[TO] === row) ? ink : faint;
      pen.fillText(elided(data.classes[row].name), left - 6, above + (row + 0.5) * size, margin() - 8);
    }
  }
}
function describe(index) {
  if (index < 0) return "";
  const edge = data.edges[index];
  const flags = [edge[NEW] ? "new" : "known", edge[KNOT] ? "lies on a cycle" : ""].filter(Boolean).join(", ");
  return `${data.classes[edge[TO]].name} is taken under ${data.classes[edge[FROM]].name} (${flags}; ${edge[MODES]}): holds at ${edge[HOLDS]}, takes at ${edge[TAKES]}, by ${edge[BY]}` +
    (edge[GATES] ? `; also held: ${edge[GATES]}` : "") + (edge[RUNS] > 1 ? `; in ${edge[RUNS]} processes or more` : "");
}
function at(event) {
  const bounds = canvas.getBoundingClientRect();
  const column = Math.floor((event.clientX - bounds.left + scroll.scrollLeft - margin()) / size);
  const row = Math.floor((event.clientY - bounds.top + scroll.scrollTop - top_) / size);
  const found = byRow[row] && byRow[row].find(([to]) => to === column);
  return found ? found[1] : -1;
}
function select(index, into) {
  selected = index;
  $("cell").textContent = describe(index);
  if (into && index >= 0) {
    const edge = data.edges[index];
    const [x, y] = [margin() + edge[TO] * size, top_ + edge[FROM] * size];
    if (x < scroll.scrollLeft + margin() || x + size > scroll.scrollLeft + scroll.clientWidth) scroll.scrollLeft = x - scroll.clientWidth / 2;
    if (y < scroll.scrollTop || y + size > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = y - scroll.clientHeight / 2;
  }
  draw();
}
scroll.addEventListener("scroll", draw);
addEventListener("resize", layout);
canvas.addEventListener("mousemove", (event) => {
  const index = at(event);
  if (index !== hovered) { hovered = index; $("cell").textContent = describe(index >= 0 ? index : selected); draw(); }
});
canvas.addEventListener("click", (event) => select(at(event)));
canvas.addEventListener("dblclick", (event) => { const index = at(event); if (index >= 0) focusOn(data.classes[data.edges[index][FROM]].name); });
scroll.addEventListener("keydown", (event) => {
  const edge = selected >= 0 ? data.edges[selected] : [0, -1];
  const rows = byRow.map((row, index) => [index, row]).filter(([, row]) => row.length);
  const step = {
    ArrowRight: () => byRow[edge[FROM]].find(([to]) => to > edge[TO]),
    ArrowLeft: () => byRow[edge[FROM]].findLast(([to]) => to < edge[TO]),
    ArrowDown: () => nearest(rows.find(([row]) => row > edge[FROM] || selected < 0), edge[TO]),
    ArrowUp: () => nearest(rows.findLast(([row]) => row < edge[FROM]), edge[TO]),
  }[event.key];
  if (step) {
    event.preventDefault();
    const found = step() || (selected < 0 && rows.length ? rows[0][1][0] : null);
    if (found) select(found[1], true);
  } else if (event.key === "Enter" && selected >= 0) focusOn(data.classes[data.edges[selected][FROM]].name);
  else if (event.key === "+" || event.key === "-") {
    size = Math.max(3, Math.min(40, event.key === "+" ? Math.ceil(size * 1.3) : Math.floor(size / 1.3)));
    layout();
    select(selected, true);
  }
});
function nearest(row, column) {
  return row && row[1].reduce((best, next) => (Math.abs(next[0] - column) < Math.abs(best[0] - column) ? next : best));
}

// One lock: what is taken before it, and what under it.
function focusOn(name) {
  if (!indexOf.has(name)) return;
  history.replaceState(null, "", `#lock=${encodeURIComponent(name)}`);
  showLock(name);
  $("focus").scrollIntoView();
  $("search").value = name;
}
function neighbours(title, edges, other) {
  const list = make("ul", {});
  for (const edge of edges.slice(0, 30)) {
    list.append(make("li", {}, lockButton(data.classes[edge[other]].name), edge[NEW] ? " (new)" : "", edge[KNOT] ? " ✕ cycle" : "", make("br"), make("code", {}, edge[TAKES])));
  }
  if (edges.length > 30) list.append(make("li", {}, `and ${edges.length - 30} more`));
  return make("div", {}, make("h3", {}, `${title} (${edges.length})`), list);
}
function showLock(name) {
  const index = indexOf.get(name), lock = data.classes[index];
  const before = data.edges.filter((edge) => edge[TO] === index), under = data.edges.filter((edge) => edge[FROM] === index);
  const middle = make("div", { class: "middle" }, make("h3", {}, name), make("p", {}, `${lock.kind || "lock"}${lock.site ? ", made at " : ""}`, make("code", {}, lock.site)),
    make("p", {}, `number ${index + 1} of ${count} in topological order`));
  const mentioned = data.findings.filter((finding) => finding.locks.includes(name));
  for (const finding of mentioned) middle.append(make("p", {}, make("a", { href: `#f-${finding.id}` }, finding.title)));
  $("columns").replaceChildren(neighbours("Held when it is taken", before, FROM), middle, neighbours("Taken under it", under, TO));
}
$("search").addEventListener("change", (event) => {
  const text = event.target.value.trim().toLowerCase();
  const found = data.classes.find((lock) => lock.name.toLowerCase() === text) || (text && data.classes.find((lock) => lock.name.toLowerCase().includes(text)));
  event.target.setCustomValidity(text && !found ? "No lock that is in an order has this in its name." : "");
  event.target.reportValidity();
  if (found) focusOn(found.name);
});
$("search").addEventListener("input", (event) => event.target.setCustomValidity(""));
addEventListener("keydown", (event) => {
  if (event.key === "/" && event.target.tagName !== "INPUT") { event.preventDefault(); $("search").focus(); }
});
const fromHash = () => {
  const lock = location.hash.startsWith("#lock=") ? decodeURIComponent(location.hash.slice(6)) : "";
  if (indexOf.has(lock)) showLock(lock);
};
addEventListener("hashchange", fromHash);

// Time lost to locks.
const columns = [
  ["Lock", (row) => row.name, (row) => lockButton(row.name)],
  ["Waited", (row) => row.waited[0], (row) => row.waited[1]],
  ["Waits", (row) => row.waits, (row) => row.waits],
  ["Longest wait", (row) => row.longest[0], (row) => row.longest[1]],
  ["Contended", (row) => row.contention ?? -1, (row) => (row.contention === null ? "" : `${row.contention.toFixed(1)} %`)],
  ["Taken", (row) => row.taken, (row) => row.taken],
  ["Longest hold", (row) => row.held[0], (row) => row.held[1]],
];
let sortedBy = 1;
function showTimes() {
  const most = Math.max(1, ...data.times.map((row) => row.waited[0]));
  const value = columns[sortedBy][1];
  const rows = [...data.times].sort((a, b) => (sortedBy === 0 ? value(a).localeCompare(value(b)) : value(b) - value(a)));
  const head = make("tr", {}, ...columns.map(([title], index) =>
    make("th", { scope: "col", "aria-sort": index === sortedBy ? (index ? "descending" : "ascending") : "none" },
      make("button", { type: "button", class: "sort", onclick: () => { sortedBy = index; showTimes(); $("top").querySelectorAll(".sort")[index].focus(); } },
        title, index === sortedBy ? (index ? " ▼" : " ▲") : ""))));
  const body = make("tbody");
  for (const row of rows.slice(0, 200)) {
    const cells = columns.map(([, , show], index) => make(index ? "td" : "th", index ? {} : { scope: "row" }, show(row)));
    if (row.waited[0]) cells[1].append(make("div", { class: "bar", style: `width:${Math.max(1, Math.round((row.waited[0] / most) * 100))}%` }));
    body.append(make("tr", {}, ...cells));
    const notes = make("ul", {});
    for (const [site, bySite, byRole, count, time] of row.pairs.slice(0, 20)) {
      const by = bySite ? ["the hold of ", make("code", {}, bySite), byRole ? ` by ${byRole}` : ""] : ["a holder that was not seen"];
      notes.append(make("li", {}, `${count} ${count === 1 ? "wait" : "waits"} at `, make("code", {}, site), `: ${time} for `, ...by));
    }
    if (row.pairs.length > 20) notes.append(make("li", {}, `and ${row.pairs.length - 20} more`));
    if (row.longest_site) notes.append(make("li", {}, "longest wait at ", make("code", {}, row.longest_site)));
    if (row.held_site) notes.append(make("li", {}, "longest hold at ", make("code", {}, row.held_site)));
    body.append(make("tr", { class: "notes" }, make("td", { colspan: columns.length }, make("details", {}, make("summary", {}, row.pairs.length ? "Who blocked whom" : "Where"), notes))));
  }
  const table = make("table", {}, make("thead", {}, head), body);
  $("top").replaceChildren(make("div", { class: "picture" }, table));
  if (rows.length > 200) $("top").append(make("p", {}, `and ${counted(rows.length - 200, "lock", "locks")} more: cargo lockwarden top`));
}
if (data.times.length) showTimes();
else $("top").append(make("p", {}, "Not recorded: run the program with ", make("code", {}, "LOCKWARDEN_RECORD_TIMES=on"), "."));

// The rest.
const lists = $("lists");
function list(one, many, items) {
  if (!items.length) return;
  const shown = make("ul", {});
  for (const item of items.slice(0, 500)) shown.append(make("li", {}, make("code", {}, item)));
  if (items.length > 500) shown.append(make("li", {}, `and ${items.length - 500} more`));
  lists.append(make("details", {}, make("summary", {}, counted(items.length, one, many)), shown));
}
list("new order", "new orders", data.edges.filter((edge) => edge[NEW]).map((edge) => `${data.classes[edge[FROM]].name} < ${data.classes[edge[TO]].name}`));
list("order of the baseline that did not occur", "orders of the baseline that did not occur", data.stale);
list("process without an end (still running, killed or aborted)", "processes without an end (still running, killed or aborted)", data.unended);
if (!lists.childElementCount) lists.append(make("p", {}, "Nothing."));
if (!count) {
  const none = "No lock was taken while another was held, so there is no order to show.";
  $("matrix").replaceChildren(make("h2", {}, "Order matrix"), make("p", {}, none));
  $("columns").replaceChildren(make("p", {}, none));
}
if (count) showLock((data.findings[0] && data.findings[0].locks.find((name) => indexOf.has(name))) || data.classes[0].name);
layout();
fromHash();
