// Two answers to vote on. Keys count only while the widget has the focus; what is sent
// names the turn it is about, so that a second press cannot vote on a pair unseen.

const CHOICES = [
  ["first", "1", "1 is better", ["1"]],
  ["tie", "t", "Tie", ["t", "0", "="]],
  ["second", "2", "2 is better", ["2"]],
  ["skip", "s", "Skip", ["s"]],
  ["undo", "u", "Undo", ["u"]],
];

function render({ model, el }) {
  root(el, "rater", "Blind vote on two answers");
  el.tabIndex = 0;
  let asked = null; // the turn that was answered, until there is another
  let isOpen = true; // whether the question is unfolded

  const send = (what) => {
    const { turn } = model.get("ballot");
    if (asked === turn) return;
    asked = turn;
    el.setAttribute("aria-busy", "true");
    model.send({ do: what, turn });
  };
  const act = (what) => () => {
    el.focus({ preventScroll: true });
    send(what);
  };
  const can = (what) => {
    if (model.get("result").rows) return false;
    if (what === "undo") return model.get("progress").undo === true;
    return model.get("ballot").answers.length === 2;
  };

  const button = ([what, key, label]) =>
    h(
      "button",
      { type: "button", onclick: act(what), "aria-keyshortcuts": key,
        disabled: !can(what), class: `rl-${what}` },
      label,
      h("kbd", { "aria-hidden": "true" }, key),
    );

  const question = (about) => {
    if (!about.length) return null;
    const fold = h(
      "details",
      { open: isOpen, ontoggle: () => { isOpen = fold.open; } },
      h("summary", {}, "Asked"),
      ...about.map(({ role, text }) =>
        h("div", { class: "rl-message" },
          h("div", { class: "rl-small" }, role), h("pre", {}, text))),
    );
    return fold;
  };

  const answer = (text, at) =>
    h(
      "section",
      { "aria-label": `Answer ${at + 1}` },
      h("div", { class: "rl-name" }, String(at + 1)),
      h("pre", { tabindex: "0" }, text === "" ? "(empty)" : text),
    );

  const table = ({ head, rows }) =>
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...head.map((one) => h("th", { scope: "col" }, one)))),
      h("tbody", {}, ...rows.map((row) =>
        h("tr", {}, ...row.map((one) => h("td", {}, one))))),
    );

  const ending = () => {
    const { n, skipped, same } = model.get("progress");
    const result = model.get("result");
    if (result.rows) {
      return [
        h("p", {}, h("strong", {}, result.sentence)),
        result.rows.length ? table(result) : null,
        h("p", { class: "rl-small" }, result.how),
        h("p", { class: "rl-small" }, result.closed),
      ];
    }
    const said = n
      ? `Every pair has been shown: ${n - skipped} decided, ${skipped} skipped.`
      : "There is nothing to ask.";
    const ties = same ? ` ${same} with identical answers are ties by themselves.` : "";
    return [
      h("p", {}, h("strong", {}, said), ties),
      h("p", {}, "Undo still works; once it is shown who won, the vote is closed."),
      h(
        "div",
        { class: "rl-choices" },
        skipped
          ? h("button", { type: "button", onclick: act("revisit") },
              `Show the ${skipped} skipped again`)
          : null,
        h("button", { type: "button", onclick: act("reveal"), class: "rl-reveal" },
          "Show who won"),
      ),
    ];
  };

  const draw = () => {
    const { turn, about, answers } = model.get("ballot");
    const { n, decided, skipped, text } = model.get("progress");
    if (asked !== turn || model.get("result").rows) {
      asked = null;
      el.removeAttribute("aria-busy");
    }
    const hadFocus = el.contains(el.getRootNode().activeElement);
    const isAsking = answers.length === 2;
    el.replaceChildren(
      h(
        "div",
        { class: "rl-head" },
        h("span", { class: "rl-progress", role: "status" }, text),
        h("progress", { max: Math.max(n, 1), value: decided + skipped,
          "aria-label": "Progress" }),
        h("span", { class: "rl-small rl-who" }, `rater: ${model.get("rater")}`),
      ),
      ...(isAsking
        ? [question(about), h("div", { class: "rl-answers" }, ...answers.map(answer))]
        : ending()
      ).filter((one) => one !== null),
      h("div", { class: "rl-choices" },
        ...CHOICES.filter(([what]) => isAsking || what === "undo").map(button)),
      h("div", { class: "rl-small rl-hint" },
        isAsking ? "Click here once, then press the keys shown." : ""),
      h("div", { class: "rl-alert", role: "alert" }, model.get("problem")),
      h("div", { class: "rl-small rl-notice" }, model.get("notice")),
    );
    // What had the focus is gone; without it keys would reach the notebook.
    if (hadFocus) el.focus({ preventScroll: true });
  };

  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const found = CHOICES.find(([, , , keys]) => keys.includes(event.key.toLowerCase()));
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat && can(found[0])) send(found[0]);
  };
  const click = (event) => {
    if (!event.target.closest("button, summary, pre")) el.focus({ preventScroll: true });
  };
  el.addEventListener("keydown", press);
  el.addEventListener("click", click);
  const end = follow(
    model, ["ballot", "progress", "rater", "problem", "notice", "result"], draw,
  );
  return () => {
    end();
    el.removeEventListener("keydown", press);
    el.removeEventListener("click", click);
  };
}

export default { render };
