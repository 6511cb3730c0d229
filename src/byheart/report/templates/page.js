(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const theme = () => {
    const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), tickcolor: colour("--line") };
    return { ink: colour("--soft"), axis };
  };
  const dressed = (layout) => {
    const { ink, axis } = theme();
    const family = getComputedStyle(document.body).fontFamily;
    return {
      ...layout, font: { ...layout.font, family, color: ink },
      xaxis: { ...layout.xaxis, ...axis, showgrid: false, showline: true }, yaxis: { ...layout.yaxis, ...axis },
      hoverlabel: { bgcolor: "#1d2129", bordercolor: "#1d2129", font: { color: "#ffffff", family, size: 13 } },
    };
  };
  // A view box as large as the drawing changes nothing on screen and lets print style scale it to the paper.
  const scalable = (place) => {
    for (const svg of place.querySelectorAll(".main-svg")) {
      const { width, height } = place.getBoundingClientRect();
      if (width && height) {
        svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
        place.style.setProperty("--shape", `${svg.getAttribute("width")} / ${svg.getAttribute("height")}`);
      }
    }
  };
  const draw = (place, { data, layout }) =>
    Plotly.react(place, data, dressed(layout), { responsive: true, displayModeBar: false }).then(() => scalable(place));
  const all = Object.entries(charts).map(([id, chart]) => [document.getElementById(`chart-${id}`), chart]);
  for (const [place, chart] of all) {
    if (!place) continue;
    draw(place, chart).then(() => place.on("plotly_afterplot", () => scalable(place)));
  }
  dark.addEventListener("change", () => all.forEach(([place, chart]) => place && draw(place, chart)));
})();
