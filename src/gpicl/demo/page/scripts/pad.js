// The drawing area. Strokes are in units of its side, so that it may have any size.

const PEN = 0.06; // width of a stroke
const SENT = 56; // rows and columns of the drawing sent to the server

export class Pad {
  /**
   * @param {HTMLCanvasElement} canvas - The drawing area.
   * @param {() => void} onChange - Called when the drawing has changed.
   */
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.onChange = onChange;
    this.strokes = [];
    this.cursor = null; // position of the keyboard's pen, if it is used
    this.sent = new OffscreenCanvas(SENT, SENT).getContext("2d", { willReadFrequently: true });
    new ResizeObserver(() => this.show()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
    this.#listen();
  }

  get empty() {
    return this.strokes.length === 0;
  }

  begin(x, y) {
    this.strokes.push([[x, y]]);
    this.#changed();
  }

  extend(x, y) {
    this.strokes.at(-1).push([x, y]);
    this.#changed();
  }

  undoStroke() {
    this.strokes.pop();
    this.#changed();
  }

  /** Clear the drawing and return its strokes. */
  take() {
    const strokes = this.strokes;
    this.strokes = [];
    this.#changed();
    return strokes;
  }

  put(strokes) {
    this.strokes = strokes;
    this.#changed();
  }

  /** Return the drawing as rows of ink values, 0 to 255. */
  rows() {
    this.sent.clearRect(0, 0, SENT, SENT);
    paint(this.sent, this.strokes, SENT, "black");
    const pixels = this.sent.getImageData(0, 0, SENT, SENT).data;
    return Array.from({ length: SENT }, (_, y) =>
      Array.from({ length: SENT }, (_, x) => pixels[4 * (y * SENT + x) + 3]),
    );
  }

  show() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (this.canvas.width !== side || this.canvas.height !== side) this.canvas.width = this.canvas.height = side;
    const context = this.canvas.getContext("2d");
    const colour = getComputedStyle(this.canvas).color;
    context.clearRect(0, 0, side, side);
    paint(context, this.strokes, side, colour);
    if (this.cursor) paintCursor(context, this.cursor, side, colour);
  }

  #changed() {
    document.body.classList.toggle("drawn", !this.empty);
    this.show();
    this.onChange();
  }

  #listen() {
    let pen = null; // the pointer that is drawing; a second finger is ignored
    const place = (event) => {
      const sheet = this.canvas.getBoundingClientRect();
      return [(event.clientX - sheet.left) / sheet.width, (event.clientY - sheet.top) / sheet.height];
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || pen !== null) return;
      pen = event.pointerId;
      this.canvas.setPointerCapture(pen);
      this.cursor = null;
      this.begin(...place(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== pen || this.empty) return;
      for (const part of event.getCoalescedEvents?.() ?? [event]) this.extend(...place(part));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(end, (event) => {
        if (event.pointerId === pen) pen = null;
      });
    }
  }
}

function paint(context, strokes, side, colour) {
  context.strokeStyle = colour;
  context.lineWidth = PEN * side;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    const points = stroke.map(([x, y]) => [x * side, y * side]);
    context.beginPath();
    context.moveTo(...points[0]);
    // Curves through the midpoints of the reported points, so that quick strokes have no corners.
    for (let i = 1; i < points.length - 1; i++) {
      const [[x, y], [nextX, nextY]] = [points[i], points[i + 1]];
      context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    context.lineTo(...points.at(-1));
    context.stroke();
  }
}

function paintCursor(context, { x, y, down }, side, colour) {
  const radius = (PEN / 2) * side;
  context.beginPath();
  context.arc(x * side, y * side, radius + 0.012 * side, 0, 2 * Math.PI);
  context.strokeStyle = colour;
  context.lineWidth = down ? 0.014 * side : 0.006 * side;
  context.stroke();
}
