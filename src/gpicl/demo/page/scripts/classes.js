// The list of classes: for each a button to teach it, an editable name, a bar, and the latest examples.

import { showPicture } from "./pictures.js";

/** The key that teaches a class: 1 to 9, then 0. */
export const keyOf = (label) => String((label + 1) % 10);

export class ClassList {
  /**
   * @param {HTMLElement} list - Where the rows go.
   * @param {{teach: (label: number) => void, rename: (label: number, name: string) => void}} on - Called by the rows.
   */
  constructor(list, on) {
    this.list = list;
    this.on = on;
    this.rows = [];
  }

  show(classes) {
    while (this.rows.length > classes.length) this.rows.pop().item.remove();
    while (this.rows.length < classes.length) this.rows.push(this.#makeRow(this.rows.length));
    classes.forEach((shown, label) => this.#fill(this.rows[label], shown, label));
  }

  /** Show probabilities; null for a class without one, an empty list for no prediction. */
  predict(probabilities, predicted) {
    this.rows.forEach((row, label) => {
      const probability = probabilities[label] ?? null;
      const percent = probability === null ? 0 : 100 * probability;
      row.fill.style.width = `${percent}%`;
      row.percent.textContent = probability === null ? "" : `${Math.round(percent)} %`;
      row.meter.setAttribute("aria-valuenow", String(Math.round(percent)));
      row.meter.setAttribute("aria-valuetext", probability === null ? "no prediction" : `${Math.round(percent)} %`);
      row.item.classList.toggle("leading", label === predicted);
    });
  }

  #makeRow(label) {
    const item = element("li", "class");
    item.style.setProperty("--colour", `var(--class-${label})`);
    const teach = element("button", "teach");
    teach.type = "button";
    const key = element("kbd");
    key.textContent = keyOf(label);
    const word = element("span");
    word.textContent = "Teach";
    teach.append(key, word);
    teach.addEventListener("click", () => this.on.teach(label));

    const name = element("input", "name");
    name.type = "text";
    name.autocomplete = "off";
    name.spellcheck = false;
    name.setAttribute("aria-label", `Name of class ${label + 1}`);
    name.addEventListener("change", () => this.on.rename(label, name.value));
    name.addEventListener("keydown", (event) => {
      if (event.key === "Enter") name.blur();
    });
    const percent = element("span", "percent");
    const said = element("div", "said");
    said.append(name, percent);

    const fill = element("div", "fill");
    const meter = element("div", "meter");
    meter.setAttribute("role", "meter");
    meter.setAttribute("aria-valuemin", "0");
    meter.setAttribute("aria-valuemax", "100");
    meter.append(fill);
    const middle = element("div");
    middle.append(said, meter);

    const examples = element("div", "examples");
    item.append(teach, middle, examples);
    this.list.append(item);
    return { item, teach, name, percent, fill, meter, examples };
  }

  #fill(row, { name, count, recent }, label) {
    row.teach.setAttribute("aria-label", `Teach this drawing as ${name} (key ${keyOf(label)})`);
    // Do not overwrite a name while it is being typed.
    if (document.activeElement !== row.name) row.name.value = name;
    row.meter.setAttribute("aria-label", `Probability of ${name}`);
    const pictures = recent.map((picture) => {
      const canvas = element("canvas");
      canvas.setAttribute("aria-hidden", "true");
      return [canvas, picture];
    });
    const number = element("span", "count");
    number.textContent = String(count);
    number.setAttribute("aria-label", count === 1 ? "1 drawing" : `${count} drawings`);
    number.setAttribute("role", "img");
    row.examples.replaceChildren(...pictures.map(([canvas]) => canvas), number);
    for (const [canvas, picture] of pictures) showPicture(canvas, picture);
  }
}

function element(kind, name = "") {
  const made = document.createElement(kind);
  made.className = name;
  return made;
}
