// A table of calls: what is asked for is `wanted`, what Python found is `shown`.

const LONG = /^(output|expected|var_|note_)/;

function render({ model, el }) {
  root(el, "explorer", "Explorer of results");
  let focused = 0;
  let timer = null;
  const pending = {};
  const ask = (changes) => {
    Object.assign(pending, changes);
    clearTimeout(timer);
    const wanted = { ...model.get("wanted"), ...pending };
    Object.keys(pending).forEach((name) => delete pending[name]);
    model.set("wanted", wanted);
    model.save_changes();
  };
  const filtered = (changes) => ask({ ...changes, page: 0 });
  const soon = (changes) => {
    Object.assign(pending, changes, { page: 0 });
    clearTimeout(timer);
    timer = setTimeout(() => ask({}), 30);
  };
  const filters = () => ({ ...model.get("wanted").filters, ...(pending.filters ?? {}) });
  const without = (name) => {
    const { [name]: _, ...rest } = filters();
    return rest;
  };

  const search = h("input", {
    type: "search",
    oninput: () => soon({ search: search.value }),
    onkeydown: (event) => event.key === "ArrowDown" && (event.preventDefault(), go(0)),
  });
  const query = h("input", {
    type: "text", spellcheck: "false", placeholder: "latency > 1 and status == 'ok'",
    onchange: () => filtered({ query: query.value }),
  });
  const columns = model.get("columns");
  const group = h(
    "select", { onchange: () => filtered({ group: group.value || null, sort: null }) },
    h("option", { value: "" }, "no groups"),
    ...columns.filter((c) => c.groups).map((c) => h("option", { value: c.name }, c.name)),
  );
  const labelled = (text, input) => h("label", { class: "rl-wide" }, text, input);
  const picks = h("div", { class: "rl-bar" });
  const inputs = [];
  for (const { name, picks: values, range } of columns) {
    if (values) {
      const boxes = values.map(([value, text]) => {
        const box = h("input", { type: "checkbox", onchange: () => {
          const chosen = boxes.filter(([one]) => one.checked).map(([, v]) => v);
          const rest = without(name);
          filtered({ filters: chosen.length ? { ...rest, [name]: chosen } : rest });
        } });
        return [box, value, text];
      });
      inputs.push(() => boxes.forEach(([box, value]) => {
        const now = model.get("wanted").filters[name];
        box.checked = Array.isArray(now) && now.includes(value);
      }));
      picks.append(h("fieldset", {}, h("legend", {}, name),
        ...boxes.map(([box, , text]) => h("label", {}, box, text, " "))));
    } else if (range) {
      const ends = ["low", "high"].map((end) => h("input", {
        type: "number", step: "any", placeholder: end, "aria-label": `${name}, ${end}`,
        oninput: () => {
          const [low, high] = ends.map((one) => one.value === "" ? null : Number(one.value));
          const rest = without(name);
          soon({ filters: low === null && high === null
            ? rest : { ...rest, [name]: { low, high } } });
        },
      }));
      inputs.push(() => ends.forEach((input, at) => {
        const now = model.get("wanted").filters[name];
        const value = now?.[at ? "high" : "low"] ?? "";
        if (!holds(input)) input.value = value;
      }));
      picks.append(h("fieldset", {}, h("legend", {}, name), ...ends));
    }
  }
  const holds = (input) => input.getRootNode().activeElement === input;
  const words = h("div", { class: "rl-bar", "aria-live": "polite" });
  const alert = h("div", { class: "rl-alert", role: "alert" });
  const head = h("thead");
  const body = h("tbody");
  const pager = h("div", { class: "rl-bar" });
  const detail = h("div", { class: "rl-detail", tabindex: "-1" });
  el.append(
    h("div", { class: "rl-bar" }, labelled("Search", search), labelled("Query", query),
      h("label", {}, "Group by ", group)),
    h("details", {}, h("summary", {}, "Filters"), picks),
    words, alert,
    h("div", { class: "rl-scroll" },
      h("table", { "aria-label": "Calls" }, head, body)),
    pager, detail,
  );

  const go = (at) => {
    const rows = body.children;
    if (!rows.length) return;
    focused = Math.max(0, Math.min(at, rows.length - 1));
    [...rows].forEach((row, i) => { row.tabIndex = i === focused ? 0 : -1; });
    rows[focused].focus();
  };
  const open = (row, opened = "story") => row.key === undefined
    ? filtered({ group: null, sort: null,
        filters: { ...filters(), [model.get("shown").grouped]: [row.value] } })
    : ask({ selected: row.key, run_name: row.run_name, opened, baseline: null });
  const turn = (by) => {
    const { page, pages } = model.get("shown");
    if (page + by >= 0 && page + by < pages) ask({ page: page + by });
  };
  body.addEventListener("keydown", (event) => {
    const act = {
      ArrowDown: () => go(focused + 1), ArrowUp: () => go(focused - 1),
      Home: () => go(0), End: () => go(body.children.length - 1),
      PageDown: () => turn(1), PageUp: () => turn(-1),
      Enter: () => open(model.get("shown").rows[focused]),
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  el.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !model.get("wanted").opened) return;
    event.preventDefault();
    ask({ opened: null });
    go(focused);
  });

  const heading = (name) => {
    const { sort, ascending } = model.get("wanted");
    const now = sort === name ? (ascending ? "ascending" : "descending") : "none";
    const next = now === "none" ? { sort: name, ascending: true }
      : now === "ascending" ? { sort: name, ascending: false }
      : { sort: null, ascending: true };
    const sign = { none: "", ascending: " ▲", descending: " ▼" }[now];
    return h("th", { scope: "col", "aria-sort": now },
      h("button", { onclick: () => filtered(next) }, name, sign));
  };
  const line = (row, at, shown, selected) => h("tr", {
    tabindex: at === focused ? 0 : -1,
    "aria-current": row.key !== undefined && row.key === selected ? "true" : null,
    onclick: () => { focused = at; open(row); },
  }, ...row.cells.map((text, i) => {
    const name = shown.names[i];
    const tag = i === 0 ? "th" : "td";
    const failed = name === "status" && row.status && row.status !== "ok";
    return h(tag, {
      scope: i === 0 ? "row" : null, dir: "auto",
      class: failed ? "rl-failed" : LONG.test(name) ? "rl-long" : null,
    }, failed && row.error ? `${text}: ${row.error}` : text,
    name === "model" && row.label ? h("span", { class: "rl-chip" }, row.label) : null);
  }));
  const drop = (part) => part.startsWith("filters.")
    ? filtered({ filters: without(part.slice(8)) }) : filtered({ [part]: "" });

  const heads = () => head.replaceChildren(
    h("tr", {}, ...model.get("shown").names.map(heading)));
  const draw = () => {
    const shown = model.get("shown");
    const wanted = model.get("wanted");
    const had = body.contains(body.getRootNode().activeElement);
    focused = Math.min(focused, Math.max(0, shown.rows.length - 1));
    heads();
    body.replaceChildren(
      ...shown.rows.map((row, at) => line(row, at, shown, wanted.selected)));
    if (had) go(focused);
    words.replaceChildren(
      h("strong", { class: "rl-count" },
        `${shown.n.toLocaleString("en")} of ${shown.all.toLocaleString("en")} rows`),
      ...shown.words.map(([part, text]) => h("button",
        { "aria-label": `Remove: ${text}`, onclick: () => drop(part) }, `${text} ×`)));
    pager.replaceChildren(
      h("button", { disabled: shown.page === 0, onclick: () => turn(-1) }, "Previous"),
      h("span", {}, `page ${shown.page + 1} of ${shown.pages}`),
      h("button", { disabled: shown.page + 1 >= shown.pages, onclick: () => turn(1) }, "Next"));
  };
  const sync = () => {
    const wanted = model.get("wanted");
    if (!holds(search)) search.value = wanted.search;
    if (!holds(query)) query.value = wanted.query;
    group.value = wanted.group ?? "";
    // The same rows may come in another order's name.
    if (!head.contains(head.getRootNode().activeElement)) heads();
    else [...head.querySelectorAll("th")].forEach((th, i) => {
      const at = model.get("shown").names[i] === wanted.sort;
      th.setAttribute("aria-sort", at ? (wanted.ascending ? "ascending" : "descending") : "none");
    });
    inputs.forEach((each) => each());
  };
  const TAGS = { "=": "span", "+": "ins", "-": "del", "!": "em" };
  const choice = (label, value, values, name) => h("label", {}, label, h("select",
    { onchange: (event) => ask({ [name]: event.target.value,
        ...(name === "across" ? { baseline: null } : {}) }) },
    ...values.map((one) => h("option", { value: one, selected: one === value }, one))));
  const tell = () => {
    const now = model.get("detail");
    // What had the focus is about to go, and Escape would be heard no more.
    const held = detail.contains(detail.getRootNode().activeElement);
    detail.hidden = !now.kind;
    if (held) queueMicrotask(() => (now.kind ? detail.focus() : go(focused)));
    if (!now.kind) { detail.replaceChildren(); return; }
    const isStory = now.kind === "story";
    const bar = h("div", { class: "rl-bar" }, h("strong", {}, now.title),
      h("button", { onclick: () => ask({ opened: isStory ? "comparison" : "story" }) },
        isStory ? "Compare answers" : "Story"),
      h("button", { onclick: () => ask({ opened: null }) }, "Close"));
    if (isStory) {
      detail.replaceChildren(bar, ...now.parts.map(([title, rows]) => h("section", {},
        h("strong", {}, title), h("table", {}, h("tbody", {}, ...rows.map(([a, b]) =>
          h("tr", {}, h("th", { scope: "row" }, a),
            h("td", { dir: "auto" }, h("div", { class: "rl-text" }, b)))))))),
      h("details", {}, h("summary", {}, "curl"), h("pre", {}, now.curl)));
      return;
    }
    const across = model.get("wanted").across;
    bar.append(choice("across ", across, now.factors, "across"),
      choice("baseline ", now.baseline, now.levels, "baseline"));
    detail.replaceChildren(bar, h("div", { class: "rl-columns" },
      ...now.answers.map(({ level, pieces, facts }) => h("section", { "aria-label": level },
        h("strong", {}, level, level === now.baseline ? " (baseline)" : ""),
        h("div", { class: "rl-text", dir: "auto" },
          ...pieces.map(([sign, text]) => h(TAGS[sign], {}, text))),
        ...facts.map(([name, text]) => h("div", { class: "rl-small" }, `${name}: ${text}`))))));
  };
  const ends = [
    follow(model, ["shown"], draw),
    follow(model, ["wanted"], sync),
    follow(model, ["detail"], tell),
    follow(model, ["problem"], () => { alert.textContent = model.get("problem"); }),
  ];
  return () => { clearTimeout(timer); ends.forEach((end) => end()); };
}

export default { render };
