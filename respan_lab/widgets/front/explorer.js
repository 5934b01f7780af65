// A table of calls: what is asked for is `wanted`, what Python found is `shown`.

const LONG = /^(output|expected|var_|note_)/;
const LOOKS = ["query", "search", "filters", "sort", "ascending", "group", "page"];
const SIGNS = { none: "", ascending: " ▲", descending: " ▼" };
const TAGS = { "=": "span", "+": "ins", "-": "del", "!": "em" };

// What is asked for. Of many keys at once the notebook itself keeps back all but the
// last until Python has answered.

function ask({ model }, changes) {
  model.set("wanted", { ...model.get("wanted"), ...changes });
  model.save_changes();
}

function narrow(view, changes) {
  ask(view, { ...changes, page: 0 });
}

function pick(view, name, filter) {
  const { [name]: _, ...rest } = view.model.get("wanted").filters;
  narrow(view, { filters: filter === null ? rest : { ...rest, [name]: filter } });
}

function drop(view, part) {
  if (part.startsWith("filters.")) pick(view, part.slice("filters.".length), null);
  else narrow(view, { [part]: "" });
}

function open(view, row) {
  if (row.key === undefined) return openGroup(view, row);
  ask(view, { selected: row.key, run_name: row.run_name, opened: "story", baseline: null });
}

// Whether the rows are still those of before the last change.
function isStale({ model }) {
  const [wanted, of] = [model.get("wanted"), model.get("shown").of];
  return !model.get("problem")
    && LOOKS.some((name) => JSON.stringify(wanted[name]) !== JSON.stringify(of[name]));
}

// Open the row the keys are on; one that is not there yet, when it comes.
function choose(view) {
  view.isChosen = isStale(view);
  const row = view.model.get("shown").rows[view.focused];
  if (row && !view.isChosen) open(view, row);
}

function openGroup(view, row) {
  const { wanted, shown } = state(view);
  const filters = { ...wanted.filters, [shown.grouped]: [row.value] };
  narrow(view, { group: null, sort: null, filters });
}

function close(view) {
  ask(view, { opened: null });
  go(view, view.focused);
}

function turn(view, by) {
  const { page, pages } = view.model.get("shown");
  if (page + by >= 0 && page + by < pages) ask(view, { page: page + by });
}

function sortBy(view, name) {
  const way = wayOf(view, name);
  if (way === "none") narrow(view, { sort: name, ascending: true });
  else if (way === "ascending") narrow(view, { sort: name, ascending: false });
  else narrow(view, { sort: null, ascending: true });
}

function wayOf(view, name) {
  const { sort, ascending } = view.model.get("wanted");
  if (sort !== name) return "none";
  return ascending ? "ascending" : "descending";
}

function state({ model }) {
  return { wanted: model.get("wanted"), shown: model.get("shown") };
}

// Where the keys are.

function active(node) {
  return node.getRootNode().activeElement;
}

function go(view, at) {
  const rows = [...view.body.children];
  if (!rows.length) return;
  view.focused = Math.max(0, Math.min(at, rows.length - 1));
  rows.forEach((row, i) => { row.tabIndex = i === view.focused ? 0 : -1; });
  rows[view.focused].focus();
}

function onRowKey(view, event) {
  const act = {
    ArrowDown: () => go(view, view.focused + 1),
    ArrowUp: () => go(view, view.focused - 1),
    Home: () => go(view, 0),
    End: () => go(view, view.body.children.length - 1),
    PageDown: () => turn(view, 1),
    PageUp: () => turn(view, -1),
    Enter: () => choose(view),
  }[event.key];
  if (!act) return;
  view.isChosen = false;
  event.preventDefault();
  act();
}

function onEscape(view, event) {
  if (event.key !== "Escape" || !view.model.get("wanted").opened) return;
  event.preventDefault();
  close(view);
}

// The fields above the rows; each gives how it takes over what is wanted.

function textField(view, name, attributes) {
  const input = h("input", {
    ...attributes,
    onkeydown: (event) => {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      go(view, 0);
    },
  });
  view.fields.push((wanted) => { if (active(input) !== input) input.value = wanted[name]; });
  return input;
}

function searchField(view) {
  const input = textField(view, "search", {
    type: "search", oninput: () => narrow(view, { search: input.value }),
  });
  return h("label", { class: "rl-wide" }, "Search", input);
}

function queryField(view) {
  const input = textField(view, "query", {
    type: "text", spellcheck: "false", placeholder: "latency > 1 and status == 'ok'",
    onchange: () => narrow(view, { query: input.value }),
  });
  return h("label", { class: "rl-wide" }, "Query", input);
}

function groupField(view) {
  const names = view.model.get("columns").filter((c) => c.groups).map((c) => c.name);
  const select = h("select",
    { onchange: () => narrow(view, { group: select.value || null, sort: null }) },
    h("option", { value: "" }, "no groups"),
    ...names.map((name) => h("option", { value: name }, name)));
  view.fields.push((wanted) => { select.value = wanted.group ?? ""; });
  return h("label", {}, "Group by ", select);
}

function filterFields(view) {
  const fields = view.model.get("columns").map((column) => {
    if (column.picks) return pickField(view, column);
    return column.range ? rangeField(view, column) : null;
  });
  return h("div", { class: "rl-bar" }, ...fields);
}

function pickField(view, { name, picks }) {
  const boxes = picks.map(() => h("input", { type: "checkbox", onchange: () => {
    const chosen = picks.filter((_, i) => boxes[i].checked).map(([value]) => value);
    pick(view, name, chosen.length ? chosen : null);
  } }));
  view.fields.push(({ filters }) => boxes.forEach((box, i) => {
    box.checked = Array.isArray(filters[name]) && filters[name].includes(picks[i][0]);
  }));
  return h("fieldset", {}, h("legend", {}, name),
    ...boxes.map((box, i) => h("label", {}, box, picks[i][1], " ")));
}

function rangeField(view, { name }) {
  const ends = ["low", "high"].map((end) => h("input", {
    type: "number", step: "any", placeholder: end, "aria-label": `${name}, ${end}`,
    oninput: () => {
      const [low, high] = ends.map(({ value }) => (value === "" ? null : Number(value)));
      pick(view, name, low === null && high === null ? null : { low, high });
    },
  }));
  view.fields.push(({ filters }) => ends.forEach((input, i) => {
    if (active(input) !== input) input.value = filters[name]?.[["low", "high"][i]] ?? "";
  }));
  return h("fieldset", {}, h("legend", {}, name), ...ends);
}

// The rows.

function heading(view, name) {
  return h("th", { scope: "col", "aria-sort": "none" },
    h("button", { onclick: () => sortBy(view, name) }, name));
}

// Headings stay the same elements, so that the one with the focus keeps it.
function drawHeadings(view) {
  const { names } = view.model.get("shown");
  if (names.join("\n") !== view.named) {
    view.named = names.join("\n");
    view.head.replaceChildren(h("tr", {}, ...names.map((name) => heading(view, name))));
  }
  [...view.head.querySelectorAll("th")].forEach((th, i) => {
    const way = wayOf(view, names[i]);
    if (th.getAttribute("aria-sort") === way) return;
    th.setAttribute("aria-sort", way);
    th.firstChild.textContent = names[i] + SIGNS[way];
  });
}

function rowLine(view, row, at, names) {
  const onclick = () => {
    view.focused = at;
    open(view, row);
  };
  return h("tr", { tabindex: at === view.focused ? 0 : -1, onclick },
    ...row.cells.map((text, i) => cell(row, names[i], text, i === 0)));
}

function cell(row, name, text, isFirst) {
  const failed = name === "status" && row.status && row.status !== "ok";
  return h(isFirst ? "th" : "td", {
    scope: isFirst ? "row" : null, dir: "auto",
    class: failed ? "rl-failed" : LONG.test(name) ? "rl-long" : null,
  }, failed && row.error ? `${text}: ${row.error}` : text,
  name === "model" && row.label ? h("span", { class: "rl-chip" }, row.label) : null);
}

function drawRows(view) {
  const { rows, names } = view.model.get("shown");
  const had = view.body.contains(active(view.body));
  view.focused = Math.min(view.focused, Math.max(0, rows.length - 1));
  view.body.replaceChildren(...rows.map((row, at) => rowLine(view, row, at, names)));
  if (had) go(view, view.focused);
}

function markSelected(view) {
  const { wanted, shown } = state(view);
  shown.rows.forEach((row, i) => {
    const is = row.key !== undefined && row.key === wanted.selected
      && (row.run_name ?? null) === (wanted.run_name ?? row.run_name ?? null);
    if (is) view.body.children[i].setAttribute("aria-current", "true");
    else view.body.children[i].removeAttribute("aria-current");
  });
}

function drawWords(view) {
  const { n, all, words } = view.model.get("shown");
  const count = `${n.toLocaleString("en")} of ${all.toLocaleString("en")} rows`;
  view.words.replaceChildren(
    h("strong", { class: "rl-count" }, count),
    ...words.map(([part, text]) => h("button",
      { "aria-label": `Remove: ${text}`, onclick: () => drop(view, part) }, `${text} ×`)));
}

function drawPager(view) {
  const { page, pages } = view.model.get("shown");
  view.pager.replaceChildren(
    h("button", { disabled: page === 0, onclick: () => turn(view, -1) }, "Previous"),
    h("span", {}, `page ${page + 1} of ${pages}`),
    h("button", { disabled: page + 1 >= pages, onclick: () => turn(view, 1) }, "Next"));
}

function draw(view) {
  drawHeadings(view);
  drawRows(view);
  markSelected(view);
  drawWords(view);
  drawPager(view);
  if (view.isChosen) choose(view);
}

// The same rows may be wanted by another name: sorted, opened, filtered by what all have.
function sync(view) {
  view.fields.forEach((take) => take(view.model.get("wanted")));
  drawHeadings(view);
  markSelected(view);
}

// What is open: a call's story, or the answers of its item side by side.

function openedBar(view, { title, kind }) {
  const [other, text] = kind === "story"
    ? ["comparison", "Compare answers"] : ["story", "Story"];
  return h("div", { class: "rl-bar" }, h("strong", {}, title),
    h("button", { onclick: () => ask(view, { opened: other }) }, text),
    h("button", { onclick: () => close(view) }, "Close"));
}

function story({ parts, curl }) {
  return [...parts.map(storyPart),
    h("details", {}, h("summary", {}, "curl"), h("pre", {}, curl))];
}

function storyPart([title, rows]) {
  return h("section", {}, h("strong", {}, title),
    h("table", {}, h("tbody", {}, ...rows.map(([name, text]) => h("tr", {},
      h("th", { scope: "row" }, name),
      h("td", { dir: "auto" }, h("div", { class: "rl-text" }, text)))))));
}

function choice(text, value, values, onchosen) {
  return h("label", {}, text, h("select",
    { onchange: (event) => onchosen(event.target.value) },
    ...values.map((one) => h("option", { value: one, selected: one === value }, one))));
}

function choices(view, { factors, levels, baseline }) {
  const { across } = view.model.get("wanted");
  return [
    choice("across ", across, factors,
      (chosen) => ask(view, { across: chosen, baseline: null })),
    choice("baseline ", baseline, levels, (chosen) => ask(view, { baseline: chosen })),
  ];
}

function answer({ level, pieces, facts }, baseline) {
  return h("section", { "aria-label": level },
    h("strong", {}, level, level === baseline ? " (baseline)" : ""),
    h("div", { class: "rl-text", dir: "auto" },
      ...pieces.map(([sign, text]) => h(TAGS[sign], {}, text))),
    ...facts.map(([name, text]) => h("div", { class: "rl-small" }, `${name}: ${text}`)));
}

function comparison(detail) {
  return [h("div", { class: "rl-columns" },
    ...detail.answers.map((one) => answer(one, detail.baseline)))];
}

function opened(view, detail) {
  const bar = openedBar(view, detail);
  if (detail.kind === "story") return [bar, ...story(detail)];
  bar.append(...choices(view, detail));
  return [bar, ...comparison(detail)];
}

function drawDetail(view) {
  const detail = view.model.get("detail");
  // What had the focus is about to go, and Escape would be heard no more.
  const held = view.detail.contains(active(view.detail));
  view.detail.hidden = !detail.kind;
  view.detail.replaceChildren(...(detail.kind ? opened(view, detail) : []));
  if (!held) return;
  queueMicrotask(() => (detail.kind ? view.detail.focus() : go(view, view.focused)));
}

// All of it together.

function build(view, el) {
  el.append(
    h("div", { class: "rl-bar" }, searchField(view), queryField(view), groupField(view)),
    h("details", {}, h("summary", {}, "Filters"), filterFields(view)),
    view.words, view.alert,
    h("div", { class: "rl-scroll" },
      h("table", { "aria-label": "Calls" }, view.head, view.body)),
    view.pager, view.detail,
  );
  view.body.addEventListener("keydown", (event) => onRowKey(view, event));
  el.addEventListener("keydown", (event) => onEscape(view, event));
}

function render({ model, el }) {
  root(el, "explorer", "Explorer of results");
  const view = {
    model, focused: 0, named: null, fields: [],
    head: h("thead"), body: h("tbody"),
    words: h("div", { class: "rl-bar", "aria-live": "polite" }),
    alert: h("div", { class: "rl-alert", role: "alert" }),
    pager: h("div", { class: "rl-bar" }),
    detail: h("div", { class: "rl-detail", tabindex: "-1" }),
  };
  build(view, el);
  const ends = [
    follow(model, ["shown"], () => draw(view)),
    follow(model, ["wanted"], () => sync(view)),
    follow(model, ["detail"], () => drawDetail(view)),
    follow(model, ["problem"], () => { view.alert.textContent = model.get("problem"); }),
  ];
  return () => ends.forEach((end) => end());
}

export default { render };
