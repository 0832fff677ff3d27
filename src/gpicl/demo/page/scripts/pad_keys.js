// Drawing with the keyboard: the arrow keys move a pen, the space bar puts it down and lifts it.

const STEP = 1 / 28;
const FAR = 4;
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {Pad} pad - The drawing area.
 * @param {(text: string) => void} say - Announces a text to screen readers.
 */
export function drawWithKeys(pad, say) {
  let heldAndMoved = false;

  function put(down) {
    pad.cursor.down = down;
    if (down) pad.begin(pad.cursor.x, pad.cursor.y);
    else pad.show();
    const [column, row] = [pad.cursor.x, pad.cursor.y].map((place) => Math.round(place / STEP));
    say(`Pen ${down ? "down" : "lifted"} at column ${column}, row ${row} of 28.`);
  }

  function move([right, down], steps) {
    const within = (place) => Math.min(1 - STEP, Math.max(STEP, place));
    pad.cursor.x = within(pad.cursor.x + right * steps * STEP);
    pad.cursor.y = within(pad.cursor.y + down * steps * STEP);
    // If the drawing was cleared or taught while the pen was down, start a new stroke.
    if (!pad.cursor.down) pad.show();
    else if (pad.empty) pad.begin(pad.cursor.x, pad.cursor.y);
    else pad.extend(pad.cursor.x, pad.cursor.y);
  }

  pad.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = DIRECTIONS[event.key];
    if (!direction && event.key !== " ") return;
    event.preventDefault();
    pad.cursor ??= { x: 0.5, y: 0.5, down: false };
    if (direction) {
      heldAndMoved = true;
      move(direction, event.shiftKey ? FAR : 1);
    } else if (!event.repeat) {
      heldAndMoved = false;
      put(!pad.cursor.down);
    }
  });
  // If the space bar was held while moving, releasing it lifts the pen.
  pad.canvas.addEventListener("keyup", (event) => {
    if (event.key === " " && pad.cursor?.down && heldAndMoved) put(false);
  });
  pad.canvas.addEventListener("focus", () => {
    if (!pad.canvas.matches(":focus-visible")) return;
    pad.cursor ??= { x: 0.5, y: 0.5, down: false };
    pad.show();
  });
  pad.canvas.addEventListener("blur", () => {
    pad.cursor = null;
    pad.show();
  });
}
