// Small grey pictures, base64 in the API, on canvases.

/** Draw a square picture in the canvas's text colour, so that it is readable in a dark scheme too. */
export function showPicture(canvas, base64) {
  const grey = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const side = Math.sqrt(grey.length);
  canvas.width = canvas.height = side || 1;
  const context = canvas.getContext("2d");
  if (!side) return;
  const [red, green, blue] = getComputedStyle(canvas).color.match(/\d+/g).map(Number);
  const pixels = context.createImageData(side, side);
  grey.forEach((ink, i) => pixels.data.set([red, green, blue, ink], 4 * i));
  context.putImageData(pixels, 0, 0);
}
