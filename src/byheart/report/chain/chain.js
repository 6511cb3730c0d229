(() => {
  const narrow = matchMedia("(max-width: 760px)");
  for (const chain of document.querySelectorAll(".chain")) {
    const tokens = [...chain.querySelectorAll(".tok")];
    let held = null;
    const show = (token) => {
      for (const other of tokens) {
        const on = other === token;
        other.classList.toggle("on", on);
        document.getElementById(other.dataset.card).hidden = !on;
      }
    };
    for (const [i, token] of tokens.entries()) {
      token.addEventListener("pointerenter", (e) => e.pointerType === "mouse" && held === null && show(token));
      token.addEventListener("focus", () => show(token));
      token.addEventListener("click", () => {
        held = held === token ? null : token;
        show(held === null && narrow.matches ? null : token);
      });
      token.addEventListener("keydown", (e) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
        if (step && tokens[i + step]) tokens[i + step].focus();
        if (e.key === "Escape") { held = null; show(null); }
      });
    }
    const first = tokens.find((token) => "first" in token.dataset);
    if (first && !narrow.matches) show(first);
  }
})();
