"use strict";
// The state of the page is its URL fragment; every change goes there first and is drawn from there.
// What a record holds is only ever set as text.

const data = JSON.parse(document.getElementById("data").textContent);
const { lines, records } = data;
const texts = data.texts.map((text) => (typeof text === "string" ? text : text.map((line) => lines[line]).join("\n")));
const total = records.id.length;
const FACETS = { operation: "operation", runtime: "runtime", verdict: "verdict", dtype: "dtype", data: "values fed in", check: "checked", output: "output", standing: "standing", alone: "wrong where others are right" };
const SEARCHED = ["case", "native", "reason", "diagnosis", "known", "id"];
const STANDINGS = { agree: "✓ agree or vacuous", known: "◐ known deviation", new: "✗ not known" };
const ALONE = { alone: "this runtime alone" };
const MARKS = { agree: "✓", known: "◐", new: "✗" };
const PAGE = 100;

const at = (i, column) => texts[records[column][i]];
const inWords = (verdict) => data.words[verdict] ?? verdict;

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function copyable(title, text) {
  const button = el("button", { type: "button", onclick: () => copy(text, button) }, "Copy");
  button.setAttribute("aria-label", `Copy: ${typeof title === "string" ? title : title.textContent}`);
  return el("div", { class: "copyable" }, el("header", {}, title, button), el("pre", { tabindex: "0" }, text));
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", {}, text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

// ---- state ----

const sections = new Set([...document.querySelectorAll("main section")].map((section) => section.id));
const isSection = (fragment) => sections.has(fragment);
let state = new Map();

function read() {
  const fragment = location.hash.slice(1);
  if (isSection(fragment)) return;
  state = new Map([...new URLSearchParams(fragment)].filter(([name, value]) => value && (name in FACETS || name === "q" || name === "case")));
}

function fragmentWith(changes) {
  const next = new Map(state);
  for (const [name, value] of Object.entries(changes)) value ? next.set(name, value) : next.delete(name);
  return `#${new URLSearchParams([...next])}`;
}

function go(changes) {
  location.hash = fragmentWith(changes);
}

function typed(words) {
  history.replaceState(null, "", fragmentWith({ q: words, case: "" }));
  draw();
}

// ---- filters ----

const fields = {};

function filters() {
  const form = document.getElementById("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const [name, label] of Object.entries(FACETS)) {
    const words = { standing: STANDINGS, alone: ALONE }[name];
    const values = words ? Object.keys(words) : [...new Set(records[name])].map((t) => texts[t]);
    if (name === "verdict") values.sort((a, b) => data.worst_first.indexOf(a) - data.worst_first.indexOf(b));
    const options = values.map((value) => el("option", { value }, words ? words[value] : name === "verdict" ? inWords(value) : value));
    fields[name] = el("select", { onchange: (event) => go({ [name]: event.target.value, case: "" }) }, el("option", { value: "" }, "all"), ...options);
    form.append(el("label", {}, label, fields[name]));
  }
  fields.q = el("input", { type: "search", placeholder: "case, code, reason, diagnosis, id", oninput: (event) => typed(event.target.value) });
  form.append(el("label", {}, "search", fields.q), el("button", { type: "button", onclick: () => { location.hash = "#standing="; } }, "Clear"));
}

function chosen() {
  const wanted = [];
  for (const name of Object.keys(FACETS)) {
    if (state.has(name)) wanted.push([records[name], texts.indexOf(state.get(name))]);
  }
  const words = (state.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const hits = words.map((word) => texts.map((text) => text.toLowerCase().includes(word)));
  const columns = SEARCHED.map((name) => records[name]);
  const found = [];
  for (let i = 0; i < total; i++) {
    if (wanted.every(([column, value]) => column[i] === value) && hits.every((hit) => columns.some((column) => hit[column[i]]))) found.push(i);
  }
  return found;
}

// ---- groups of alike results ----

function grouped(found) {
  const groups = new Map();
  for (const i of found) {
    const key = ["runtime", "operation", "verdict", "because", "known"].map((column) => records[column][i]).join();
    if (groups.has(key)) groups.get(key).push(i);
    else groups.set(key, [i]);
  }
  const badness = (i) => (at(i, "standing") === "new" ? 0 : 100) + data.worst_first.indexOf(at(i, "verdict"));
  return [...groups.values()].sort((a, b) => badness(a[0]) - badness(b[0]) || b.length - a.length);
}

function link(i) {
  return el("a", { href: fragmentWith({ case: at(i, "id") }) }, `${at(i, "output")} of ${at(i, "case")}`);
}

function more(list, items, make) {
  let shown = 0;
  const button = el("button", { type: "button", onclick: show });
  function show() {
    button.remove();
    list.append(...items.slice(shown, shown + PAGE).map(make));
    shown += PAGE;
    if (shown < items.length) {
      button.textContent = `${items.length - shown} more`;
      list.after(button);
    }
  }
  show();
}

function groupOf(members) {
  const i = members[0];
  const standing = at(i, "standing");
  const finding = data.findings.find((f) => f.records.includes(at(i, "id")));
  const known = at(i, "known");
  const reasons = new Set(members.map((n) => records.reason[n]));
  const because = reasons.size === 1 && !at(i, "diagnosis") ? at(i, "reason") : at(i, "because");
  const words = [` ${at(i, "operation")} on ${at(i, "runtime")} (${members.length})${because ? `: ${because}` : ""}`];
  if (known) words.push(` (known deviation: ${known})`);
  if (finding) words.push(` Smallest: ${finding.case}`);
  const list = el("ul");
  const details = el("details", {}, el("summary", {}, el("span", { class: standing }, `${MARKS[standing]} ${inWords(at(i, "verdict"))}`), ...words), list);
  details.addEventListener("toggle", () => { if (details.open && !list.childElementCount) more(list, members, (n) => el("li", {}, link(n))); });
  return details;
}

// ---- where the wrong values lie ----

const CELL = 14;

function svg(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// One square for each cell, the fuller the more of its values are wrong; a cell where all are is crossed too.
function picture(difference) {
  const rows = difference.map ?? [];
  const shape = difference.shape ?? [];
  const width = Math.max(0, ...rows.map((row) => row.length));
  if (!width) return null;
  const cells = rows.flatMap((row, y) => [...row].map((digit, x) => ({ x: x * CELL, y: y * CELL, wrong: Number(digit) / 9 })));
  const axis = (back, cells) => {
    const length = shape[shape.length - back] ?? 1;
    return `axis ${Math.max(0, shape.length - back)} (${length}${length > cells ? `, ${cells} cells` : ""})`;
  };
  const words = `${difference.count} of ${difference.total} values are wrong, in ${cells.filter((cell) => cell.wrong).length} of ${cells.length} cells`;
  const drawing = svg("svg", { class: "map", role: "img", "aria-label": words, width: width * CELL + 2, height: rows.length * CELL + 2, viewBox: `-1 -1 ${width * CELL + 2} ${rows.length * CELL + 2}` },
    ...cells.flatMap(({ x, y, wrong }) => [
      svg("rect", { x, y, width: CELL, height: CELL, class: "cell" }),
      ...(wrong ? [svg("rect", { x: x + 1, y: y + 1, width: CELL - 2, height: CELL - 2, class: "wrong", "fill-opacity": 0.25 + 0.75 * wrong })] : []),
      ...(wrong === 1 ? [svg("path", { d: `M${x + 4} ${y + 4}l${CELL - 8} ${CELL - 8}m0 ${8 - CELL}l${8 - CELL} ${CELL - 8}`, class: "cross" })] : []),
    ]));
  const rest = shape.length > 2 ? "; the other axes laid over each other" : "";
  return el("figure", {}, drawing, el("figcaption", {}, `Down ${axis(2, rows.length)}, across ${axis(1, width)}${rest}. Crossed: all values there are wrong; paler: some.`));
}

// ---- one case ----

const share = (ratio) => (ratio === null || ratio === undefined ? "infinite" : Number(ratio).toPrecision(3));

function facts(i) {
  const list = el("dl");
  const fact = (name, ...value) => list.append(el("dt", {}, name), el("dd", {}, ...value));
  const standing = at(i, "standing");
  fact("verdict", el("span", { class: standing }, `${MARKS[standing]} ${inWords(at(i, "verdict"))}`), at(i, "reason") ? `: ${at(i, "reason")}` : "");
  if (at(i, "diagnosis")) fact("diagnosis", at(i, "diagnosis"));
  const difference = data.difference[i];
  if (difference) {
    fact("wrong values", `${difference.count} of ${difference.total}`);
    if (difference.first?.length) fact("first at", `[${difference.first.join(", ")}]: expected ${difference.expected}, got ${difference.got}`);
    fact("error / bound", share(difference.ratio));
    const drawing = picture(difference);
    if (drawing) fact("where", drawing);
  }
  const rounding = data.rounding[i];
  if (rounding) fact("rounding / bound", `${share(rounding.ratio)} at [${(rounding.at ?? []).join(", ")}], ${rounding.terms ?? 0} products added`);
  if (at(i, "missed")) fact("P(missed)", `≤ ${at(i, "missed")}`);
  const known = at(i, "known");
  if (known) {
    const record = data.known[known];
    const reported = record?.link.startsWith("https://") ? el("a", { href: record.link, rel: "noreferrer" }, record.link) : record?.link ?? "";
    fact("known deviation", `${known}: ${record?.reason ?? ""} `, reported);
  }
  fact("id", at(i, "id"));
  return list;
}

function equationsOf(text) {
  return Object.entries(data.equations).filter(([name]) => new RegExp(`\\b${name}\\(`).test(text)).map(([, line]) => line);
}

const quoted = (text) => `'${text.replaceAll("'", `'"'"'`)}'`;

function command(i) {
  const runtime = at(i, "runtime");
  const what = at(i, "kind") === "theorem" ? `theorems ${quoted(at(i, "case").split(" ")[0])}` : `run --case ${quoted(at(i, "case"))}`;
  return `concordant ${what} --backend ${data.backend[runtime] ?? quoted(runtime)}`;
}

function smallest(f) {
  const parts = [copyable(el("strong", {}, "Smallest case that shows it"), f.case)];
  if (f.native) parts.push(copyable("Its native code", f.native));
  if (f.instead) parts.push(copyable("This gives the right result (tried)", f.instead));
  const folded = [["A program that shows it", f.script], ["A text to report it with", f.issue]].filter(([, text]) => text);
  return [...parts, ...folded.map(([title, text]) => el("details", {}, el("summary", {}, title), copyable(title, text)))];
}

function drawCase() {
  const panel = document.getElementById("case");
  const id = state.get("case");
  const i = id ? records.id.indexOf(texts.indexOf(id)) : -1;
  panel.hidden = !id;
  panel.replaceChildren();
  if (!id) return;
  const close = el("button", { type: "button", onclick: () => go({ case: "" }) }, "Close");
  if (i < 0) {
    panel.append(close, el("h3", { id: "case-title", tabindex: "-1" }, `No result has the id ${id}`));
    return;
  }
  const finding = data.findings.find((f) => f.records.includes(id));
  const beside = [];
  for (let n = 0; n < total; n++) {
    if (records.case[n] === records.case[i] && (records.output[n] === records.output[i] || at(n, "kind") === "theorem")) beside.push(n);
  }
  beside.sort((a, b) => (b === i) - (a === i));
  const equations = equationsOf(at(i, "case"));
  panel.append(
    close, el("h3", { id: "case-title", tabindex: "-1" }, `${at(i, "runtime")}: ${at(i, "output")} of ${at(i, "case")}`),
    ...(equations.length ? [el("pre", { tabindex: "0" }, equations.join("\n"))] : []),
    facts(i),
    copyable("Ask it again", command(i)),
    ...(finding ? smallest(finding) : []),
    el("h4", {}, "What each runtime was asked"),
    el("div", { class: "beside" }, ...beside.map((n) => {
      const title = el("span", {}, el("a", { href: fragmentWith({ case: at(n, "id") }) }, at(n, "runtime")), " ",
        el("span", { class: at(n, "standing") }, `${MARKS[at(n, "standing")]} ${inWords(at(n, "verdict"))}`));
      return copyable(title, at(n, "native") || at(n, "reason"));
    })),
  );
}

function draw() {
  const shown = state.get("case");
  read();
  for (const [name, field] of Object.entries(fields)) {
    const value = state.get(name) ?? "";
    if (field.value !== value) field.value = value;
  }
  const found = chosen();
  const groups = grouped(found);
  document.getElementById("count").textContent = `${found.length} of ${total} results, ${groups.length} kinds, the worst first`;
  const list = el("div");
  document.getElementById("groups").replaceChildren(list);
  more(list, groups, groupOf);
  drawCase();
  if (state.has("case") && state.get("case") !== shown) {
    document.getElementById("case").scrollIntoView();
    document.getElementById("case-title").focus({ preventScroll: true });
  } else if (state.size && document.activeElement !== fields.q) document.getElementById("results").scrollIntoView();
}

filters();
draw();
window.addEventListener("hashchange", () => { if (!isSection(location.hash.slice(1))) draw(); });
