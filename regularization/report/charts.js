"use strict";
// Draws every chart from the JSON beside it, in the colours of the page: light, dark or on paper.
(() => {
  const plots = [...document.querySelectorAll(".plot")];
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");
  const touch = matchMedia("(pointer: coarse)").matches;
  const PAPER_WIDTH = 680; // CSS pixels between the margins of A4 and Letter
  const FAINT = "33"; // the opacity of a band, as the last two digits of its colour

  function colourOf(name) {
    const faint = name.endsWith("-faint");
    const value = getComputedStyle(document.documentElement).getPropertyValue(`--${name.replace(/-faint$/, "")}`).trim();
    return faint ? value + FAINT : value;
  }

  // "@name" under a key that ends in "color" stands for the page's colour of that name; other text is left as it is.
  function painted(part, key = "") {
    if (typeof part === "string") {
      return /color$/.test(key) && part.startsWith("@") ? colourOf(part.slice(1)) : part;
    }
    if (Array.isArray(part)) return part.map((each) => painted(each));
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, painted(each, name)]));
  }

  function dressed(layout, width) {
    const axis = { gridcolor: colourOf("line"), linecolor: colourOf("line"), tickcolor: colourOf("line") };
    const small = width < 520;
    const look = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colourOf("ink"), family: "system-ui, sans-serif", size: small ? 11 : 13 },
      hoverlabel: { bgcolor: colourOf("card"), font: { color: colourOf("ink") } },
      dragmode: touch ? false : "zoom",
    };
    const all = { ...look, ...layout };
    for (const name of ["xaxis", "yaxis"]) {
      const room = name === "xaxis" ? width * (small ? 0.5 : 0.8) : layout.height - 130; // names take the rest
      const text = wrapped(layout[name].title?.text, Math.floor(room / (0.55 * look.font.size)));
      const title = { ...layout[name].title, text, font: { size: look.font.size } };
      all[name] = { ...axis, zerolinecolor: colourOf("line"), ...layout[name], title };
    }
    return all;
  }

  // Plotly gives lines of an axis' title no second one by itself.
  function wrapped(text, letters) {
    const lines = [""];
    for (const word of (text || "").split(" ")) {
      const last = lines[lines.length - 1];
      if (last && last.length + word.length >= letters) lines.push(word);
      else lines[lines.length - 1] = last ? `${last} ${word}` : word;
    }
    return lines.join("<br>");
  }

  function draw() {
    for (const plot of plots) {
      if (plot.closest("details.part:not([open])")) continue; // it has no width yet
      const figure = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
      const { data, layout } = painted(figure);
      const size = paper.matches ? { width: PAPER_WIDTH, autosize: false } : { autosize: true };
      const look = { ...dressed(layout, plot.clientWidth), ...size };
      Plotly.react(plot, data, look, { responsive: true, displayModeBar: false });
    }
  }

  // A link leads into a folded part, and paper shows all of them.
  function unfold(places) {
    for (const part of places) part.open = true;
  }
  const folded = () => [...document.querySelectorAll("details.part:not([open])")];
  const target = () => document.querySelectorAll(`#${CSS.escape(location.hash.slice(1) || "-")} > details.part`);
  let forPaper = [];
  function turn() {
    if (paper.matches) unfold((forPaper = folded()));
    draw();
    if (!paper.matches) for (const part of forPaper.splice(0)) part.open = false;
  }

  unfold(target());
  turn();
  addEventListener("hashchange", () => unfold(target()));
  for (const part of document.querySelectorAll("details.part")) part.addEventListener("toggle", draw);
  dark.addEventListener("change", draw);
  paper.addEventListener("change", turn);
})();
