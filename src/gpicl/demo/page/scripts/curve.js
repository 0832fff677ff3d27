// The learning curve: running accuracy of every setting tried, and the right and wrong answers of the current one.

const SPACE = { left: 44, right: 14, top: 12, marks: 18, bottom: 40 };
const MOST_MARKS = 120; // more would overlap

export class CurvePlot {
  constructor(svg, legend, summary) {
    this.svg = svg;
    this.legend = legend;
    this.summary = summary;
    this.curves = [];
    new ResizeObserver(() => this.draw()).observe(svg);
  }

  /** Show curves from the API; `present` is the current setting. */
  show(curves, present) {
    const isPresent = (curve) => curve.learner === present.learner && curve.scrambled === present.scrambled;
    this.curves = curves.map((curve, index) => ({ ...curve, index, present: isPresent(curve) }));
    this.#summarise();
    this.#explain();
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.svg;
    const length = Math.max(10, ...this.curves.map((curve) => curve.outcomes.length));
    const inner = { width: width - SPACE.left - SPACE.right, height: height - SPACE.top - SPACE.bottom };
    const x = (position) => SPACE.left + ((position - 0.5) / length) * inner.width;
    const y = (share) => SPACE.top + (1 - share) * inner.height;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...this.#frame(x, y, width, height, length));
    for (const curve of [...this.curves].sort((a, b) => a.present - b.present)) this.#line(curve, x, y);
    const present = this.curves.find((curve) => curve.present);
    if (present) this.#marks(present.outcomes, x, height - SPACE.bottom + SPACE.marks / 2 + 3, inner.width / length);
  }

  #frame(x, y, width, height, length) {
    const parts = [];
    for (const share of [0, 0.5, 1]) {
      parts.push(shape("line", { class: "rule", x1: SPACE.left, x2: width - SPACE.right, y1: y(share), y2: y(share) }));
      parts.push(text(`${100 * share} %`, SPACE.left - 8, y(share) + 4, "end"));
    }
    const step = [1, 2, 5, 10, 20, 50, 100, 200].find((every) => length / every <= 6) ?? 200;
    for (let position = step; position <= length; position += step) {
      parts.push(text(position, x(position), height - 4, "middle"));
    }
    parts.push(text("drawing", 0, height - 4, "start"));
    return parts;
  }

  #line(curve, x, y) {
    const points = curve.running_accuracy.flatMap((share, i) => (share === null ? [] : [[x(i + 1), y(share)]]));
    if (!points.length) return;
    const kind = `series series-${curve.index % 8}${curve.present ? " present" : ""}`;
    this.svg.append(shape("polyline", { class: kind, points: points.map((point) => point.join(",")).join(" ") }));
    const [endX, endY] = points.at(-1);
    if (curve.present) this.svg.append(shape("circle", { class: `end series-${curve.index % 8}`, cx: endX, cy: endY, r: 5 }));
  }

  #marks(outcomes, x, y, space) {
    const first = Math.max(0, outcomes.length - MOST_MARKS);
    const size = Math.min(4, space / 3);
    outcomes.slice(first).forEach((outcome, i) => {
      const at = x(first + i + 1);
      if (outcome === "wrong") {
        const cross = `M${at - size},${y - size}l${2 * size},${2 * size}m0,${-2 * size}l${-2 * size},${2 * size}`;
        this.svg.append(shape("path", { class: "wrong", d: cross }));
      } else this.svg.append(shape("circle", { class: outcome, cx: at, cy: y, r: outcome === "right" ? size : size / 2 }));
    });
  }

  #summarise() {
    const outcomes = this.curves.find((curve) => curve.present)?.outcomes ?? [];
    const right = outcomes.filter((outcome) => outcome === "right").length;
    const counted = outcomes.filter((outcome) => outcome !== "uncounted").length;
    const percent = Math.round((100 * right) / counted);
    this.summary.textContent = counted ? `${right} of ${counted} right, ${percent} %` : "No prediction yet";
  }

  #explain() {
    const items = this.curves.map((curve) => {
      const sample = shape("svg", { viewBox: "0 0 28 8", "aria-hidden": "true" });
      const kind = `series series-${curve.index % 8}${curve.present ? " present" : ""}`;
      sample.append(shape("line", { class: kind, x1: 2, x2: 26, y1: 4, y2: 4 }));
      const item = document.createElement("li");
      const last = curve.running_accuracy.at(-1) ?? null;
      const share = last === null ? "" : ` ${Math.round(100 * last)} %`;
      item.append(sample, `${curve.learner}${curve.scrambled ? ", scrambled" : ""}${share}`);
      return item;
    });
    this.legend.replaceChildren(...items);
  }
}

function shape(kind, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function text(content, x, y, anchor) {
  const made = shape("text", { x, y, "text-anchor": anchor });
  made.textContent = content;
  return made;
}
