"use strict";
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const documents = new Map();   // panel -> bokeh document
  let chosen = null;             // the reader's own choice of colours, if any
  let point = 0;

  const models = (name) => {
    const found = [];
    for (const [, doc] of documents) for (const model of doc.all_models) if (model.name === name) found.push(model);
    return found;
  };

  // ---------------------------------------------------------------- numbers of the chosen point

  const unpack = (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    return Array.from(new Float32Array(bytes.buffer));
  };

  const span = (range, [low, high]) => range.setv({start: low, end: high, reset_start: low, reset_end: high});

  const fill = () => {
    const courses = page.courses;
    if (!courses.points) return;
    const here = courses.points[point];
    courses.solvers.forEach((who, k) => {
      const columns = Object.fromEntries(Object.entries(here.courses[k]).map(([name, text]) => [name, unpack(text)]));
      const length = columns.t ? columns.t.length : 0;
      const blank = Array(length).fill(NaN);
      const pick = (...names) => Object.fromEntries(names.map((name) => [name, columns[name] || blank]));
      const whos = Array(length).fill(who);
      const t = columns.t || blank;
      const db = (columns.xi2 || blank).map((x) => x > 0 ? 10 * Math.log10(x) : NaN);
      for (const source of models(`course xi2 ${k}`)) source.data = {t, who: whos, db, ...pick("xi2", "xi2_lo", "xi2_hi")};
      for (const source of models(`course n ${k}`)) source.data = {t, who: whos, db, ...pick("n", "n_lo", "n_hi")};
      for (const source of models(`course dev ${k}`)) source.data = {t, who: whos, ...pick("dev")};
      const star = here.stars[k] === null ? [] : [here.stars[k]];
      for (const name of ["xi2", "n"])
        for (const source of models(`star ${name} ${k}`)) source.data = {x: star};
    });
    for (const name of ["xi2", "n", "dev"])
      for (const plot of models(`plot ${name}`)) { span(plot.x_range, here.t); span(plot.y_range, here[name]); }
    for (const line of models("critical")) line.setv({location: here.critical ?? 0, visible: here.critical !== null});
  };

  // Ticks in dB that fit: half decibels at most, a label every 25 pixels or so.
  const ticks = () => {
    for (const [, doc] of documents) for (const plot of doc.all_models) {
      if (plot.name !== "plot xi2") continue;
      const set = () => {
        const low = 10 * Math.log10(plot.y_range.start), high = 10 * Math.log10(plot.y_range.end);
        const step = [0.5, 1, 2, 5, 10, 20].find((s) => (high - low) / s <= 11) || 20;
        const places = [];
        for (let db = Math.ceil(low / step) * step; db <= high && places.length < 50; db += step) places.push(db);
        for (const ticker of models("db ticks")) ticker.ticks = places.map((db) => labelled(db));
      };
      plot.y_range.change.connect(set);
      set();
    }
  };
  // The very number that carries the label: 10 ** x differs in its last digit from one language to another.
  const labelled = (db) => page.db[Math.round(2 * db) + 120] ?? 10 ** (db / 10);

  const showPoint = () => {
    for (const block of document.querySelectorAll("[data-point]")) block.hidden = Number(block.dataset.point) !== point;
    fill();
  };

  // ---------------------------------------------------------------- colours

  const isDark = () => chosen === null ? prefersDark.matches : chosen === "dark";

  const paint = (dark) => {
    root.classList.toggle("dark", dark);
    const style = getComputedStyle(root);
    const [back, ink, soft, line] = ["--page", "--ink", "--soft", "--line"].map((name) => style.getPropertyValue(name).trim());
    const colours = dark ? page.dark : page.light;
    const colour = (k) => colours[k % colours.length];
    for (const mark of document.querySelectorAll("[data-line]")) mark.setAttribute("stroke", colour(mark.dataset.line));
    for (const [, doc] of documents) for (const model of doc.all_models) {
      const has = (name) => name in model.properties;
      if (has("background_fill_color") && has("border_fill_color"))
        model.setv({background_fill_color: back, border_fill_color: back, outline_line_color: line});
      else if (has("background_fill_color")) model.background_fill_color = back;
      for (const name of ["axis_label_text_color", "major_label_text_color", "text_color", "label_text_color", "title_text_color"])
        if (has(name) && model.type !== "PlainText") model[name] = ink;
      for (const name of ["axis_line_color", "major_tick_line_color", "minor_tick_line_color"]) if (has(name)) model[name] = soft;
      if (has("grid_line_color")) model.grid_line_color = line;
      const match = /^solver (\d+)$/.exec(model.name || "");
      if (match && model.glyph) for (const glyph of [model.glyph, model.nonselection_glyph, model.muted_glyph]) {
        if (!glyph || !glyph.properties) continue;
        if ("line_color" in glyph.properties) glyph.line_color = {value: colour(match[1])};
        if ("fill_color" in glyph.properties) glyph.fill_color = {value: colour(match[1])};
      }
    }
    const button = document.getElementById("theme");
    button.textContent = dark ? "Light" : "Dark";
    button.setAttribute("aria-pressed", String(dark));
  };

  document.getElementById("theme").addEventListener("click", () => {
    chosen = isDark() ? "light" : "dark";
    paint(isDark());
  });
  prefersDark.addEventListener("change", () => paint(isDark()));
  addEventListener("beforeprint", () => paint(false));
  addEventListener("afterprint", () => paint(isDark()));

  // ---------------------------------------------------------------- room

  // Where there is little, maps stand one below the other, and the legend of the page takes the place of bokeh's.
  const little = matchMedia("screen and (max-width: 760px)");
  const fit = () => {
    for (const [, doc] of documents) for (const model of doc.all_models) {
      if (model.type === "Legend") model.visible = !little.matches;
      if (model.type !== "GridPlot" || model.children.length < 2) continue;
      model.children = model.children.map(([plot], k) => little.matches ? [plot, k, 0] : [plot, Math.floor(k / 2), k % 2]);
    }
  };
  little.addEventListener("change", fit);

  // ---------------------------------------------------------------- which solvers are shown

  const solverModels = (k) => models(`solver ${k}`);
  const boxes = [...document.querySelectorAll("[data-solver]")];
  for (const box of boxes) box.addEventListener("change", () => {
    for (const renderer of solverModels(box.dataset.solver)) renderer.visible = box.checked;
  });
  const follow = () => {
    for (const box of boxes) for (const renderer of solverModels(box.dataset.solver))
      renderer.properties.visible.change.connect(() => {
        if (box.checked === renderer.visible) return;
        box.checked = renderer.visible;
        box.dispatchEvent(new Event("change"));
      });
  };

  // ---------------------------------------------------------------- zoom by keyboard, files

  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => {
    const doc = documents.get(button.dataset.zoom), by = Number(button.dataset.by);
    const plots = [...doc.all_models].filter((model) => model.type === "Figure");
    if (by === 0) {
      for (const plot of plots) plot.reset.emit();
      if (["squeezing", "deviations"].includes(button.dataset.zoom)) fill();
      return;
    }
    for (const range of new Set(plots.map((plot) => plot.x_range))) {
      const middle = (range.start + range.end) / 2, half = by * (range.end - range.start) / 2;
      range.setv({start: middle - half, end: middle + half});
    }
  });

  for (const button of document.querySelectorAll("[data-file]")) button.addEventListener("click", async () => {
    const packed = document.getElementById(`file-${button.dataset.file}`).textContent;
    const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([await new Response(stream).arrayBuffer()], {type: "text/csv"}));
    link.download = button.dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });

  // ---------------------------------------------------------------- begin

  const choice = document.getElementById("point");
  if (choice) choice.addEventListener("change", () => { point = Number(choice.value); showPoint(); });
  Bokeh.set_log_level("error");
  (async () => {
    for (const [name, item] of Object.entries(page.figures)) {
      const views = await Bokeh.embed.embed_item(item);
      const view = Array.isArray(views) ? views[0] : [...(views.roots || views)][0];
      documents.set(name, view.model.document);
    }
    follow();
    ticks();
    showPoint();
    fit();
    paint(isDark());
    root.dataset.ready = "true";
  })();
})();
