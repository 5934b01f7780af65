// A prompt as it will be sent, with what its variables put there marked.

function message({ role, pieces }) {
  const text = pieces.map(([piece, isValue]) =>
    isValue ? h("mark", {}, piece) : piece,
  );
  return h(
    "div",
    { class: "rl-message" },
    h("div", { class: "rl-small" }, role),
    h("pre", {}, ...text),
  );
}

function render({ model, el }) {
  root(el, "preview", "Rendered prompt");
  const draw = () => {
    const problem = model.get("problem");
    el.replaceChildren(
      ...model.get("messages").map(message),
      h("div", { class: "rl-small rl-estimate" }, model.get("estimate")),
      h("div", { class: "rl-alert", role: "alert" }, problem),
    );
    // What is shown under a problem is from before it.
    el.classList.toggle("rl-stale", problem !== "");
  };
  return follow(model, ["messages", "estimate", "problem"], draw);
}

export default { render };
