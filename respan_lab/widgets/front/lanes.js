// Answers as they come, side by side. Pieces come as messages, the whole from time to
// time as a trait; a piece that does not fit what is here waits for the whole.

function lane() {
  const part = {
    size: 0,
    text: document.createTextNode(""),
    state: h("span", { class: "rl-state", role: "status", "aria-live": "polite" }),
    since: h("span", { class: "rl-small rl-since", "aria-hidden": "true" }),
    name: h("b"),
    simulated: h("span", { class: "rl-small" }),
    figures: h("div", { class: "rl-small rl-figures" }),
    note: h("div", { class: "rl-alert" }),
    began: null,
  };
  part.body = h("pre", { class: "rl-answer", tabindex: "0" }, part.text);
  part.el = h(
    "section",
    { class: "rl-lane" },
    h("header", {}, part.name, " ", part.simulated),
    h("div", {}, part.state, " ", part.since),
    part.figures,
    part.body,
    part.note,
  );
  return part;
}

function tell(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function show(part, told) {
  tell(part.name, told.name);
  tell(part.simulated, told.is_simulated ? "simulated" : "");
  tell(part.state, told.state);
  const figures = [
    told.time && `first token ${told.time}`, told.rate, told.cost,
  ].filter(Boolean);
  tell(part.figures, figures.join(" · "));
  tell(part.note, told.note);
  part.el.dataset.state = told.state;
  part.el.setAttribute("aria-label", told.name);
  part.body.setAttribute("aria-label", `Answer of ${told.name}`);
  part.began = told.state === "waiting" ? part.began ?? performance.now() : null;
  if (part.began === null) tell(part.since, "");
}

// Whoever reads the end goes on to read the end.
function kept(part, change) {
  const { body } = part;
  const isEnd = body.scrollHeight - body.scrollTop - body.clientHeight < 30;
  change();
  if (isEnd && part.el.dataset.state === "streaming") body.scrollTop = body.scrollHeight;
}

function render({ model, el }) {
  root(el, "lanes", "Answers");
  let parts = [];
  const draw = () => {
    const lanes = model.get("lanes");
    if (parts.length !== lanes.length) {
      parts = lanes.map(lane);
      el.replaceChildren(...parts.map((part) => part.el));
    }
    lanes.forEach((told, at) => {
      const part = parts[at];
      show(part, told);
      if (part.text.data !== told.text) kept(part, () => { part.text.data = told.text; });
    });
  };
  const more = (message) => {
    if (message.kind !== "more") return;
    for (const told of message.lanes) {
      const part = parts[told.at];
      if (!part || part.text.data.length < told.start) continue;
      const known = part.text.data.length - told.start;
      show(part, told);
      if (known < told.text.length) {
        kept(part, () => part.text.appendData(told.text.slice(known)));
      }
    }
  };
  model.on("msg:custom", more);
  const clock = setInterval(() => {
    for (const part of parts) {
      if (part.began === null) continue;
      tell(part.since, `${((performance.now() - part.began) / 1000).toFixed(1)} s`);
    }
  }, 100);
  const end = follow(model, ["lanes"], draw);
  return () => {
    clearInterval(clock);
    model.off("msg:custom", more);
    end();
  };
}

export default { render };
