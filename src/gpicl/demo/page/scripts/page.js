// The page: reacts to drawing, teaching and buttons.

import { Refused, ask } from "./api.js";
import { ClassList, keyOf } from "./classes.js";
import { CurvePlot } from "./curve.js";
import { latestOnly } from "./latest_only.js";
import { Pad } from "./pad.js";
import { drawWithKeys } from "./pad_keys.js";
import { Settings } from "./settings.js";
import { Verdict } from "./verdict.js";

const PAUSE = 30; // milliseconds to wait for more of a stroke before asking

const get = (id) => document.getElementById(id);
const verdict = new Verdict();
const pad = new Pad(get("pad"), () => predictSoon());
const classes = new ClassList(get("classes"), { teach, rename });
const curve = new CurvePlot(get("curve"), get("legend"), get("curve-summary"));
const settings = new Settings((change) => inTurn(async () => show(await ask("PATCH", "session", change))));

let session = null;
let turns = Promise.resolve();
let taughtLast = false;
let predictionRefused = false;
let lessonsBegun = 0;

const names = () => session.classes.map(({ name }) => name);

async function orSayWhy(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.ended) await beginAgain();
    else verdict.refused(error.message);
    return false;
  }
}

/** Show the new lesson that replaces one that has ended. */
async function beginAgain() {
  lessonsBegun += 1;
  try {
    show(await ask("GET", "session"));
    verdict.refused("The lesson had ended (the server was restarted, or was not used for hours). This is a new one.");
  } catch (error) {
    verdict.refused(error.message);
  }
}

/** Make changes one after another, in the order of the user's actions. */
function inTurn(work) {
  turns = turns.then(async () => {
    if (await orSayWhy(work)) verdict.fine();
    else if (session) show(session);
  }).catch(reportError); // the next turns go on
}

function show(state) {
  session = state;
  classes.show(state.classes);
  settings.show(state);
  get("undo").disabled = !state.can_undo;
  get("new-class").hidden = state.classes.length === state.limits.classes;
  predictSoon();
  curveSoon();
}

const predictSoon = latestOnly(async () => {
  if (!session) return;
  if (pad.empty) {
    classes.predict([], null);
    if (!taughtLast) verdict.empty();
    return;
  }
  taughtLast = false;
  const begun = lessonsBegun;
  const answered = await orSayWhy(async () => {
    const prediction = await ask("POST", "predictions", { drawing: pad.rows() });
    // The drawing may have been taught or cleared in the meantime.
    if (pad.empty) return;
    classes.predict(prediction.probabilities, prediction.predicted);
    verdict.predicted(prediction, names());
  });
  if (answered && predictionRefused) verdict.fine();
  predictionRefused = !answered && begun === lessonsBegun; // the news of another lesson stays
}, PAUSE);

const curveSoon = latestOnly(() => orSayWhy(async () => {
  const { curves, complete } = await ask("GET", "curves");
  curve.show(curves, session);
  if (!complete) curveSoon();
}), PAUSE);

function teach(label) {
  const drawing = pad.rows();
  const strokes = pad.take();
  inTurn(async () => {
    try {
      const { predicted, session: state } = await ask("POST", "examples", { drawing, label });
      taughtLast = true;
      show(state);
      verdict.taught(predicted, label, names());
    } catch (error) {
      if (pad.empty) pad.put(strokes);
      throw error;
    }
  });
}

function rename(label, name) {
  if (name !== session.classes[label].name) {
    inTurn(async () => show(await ask("PATCH", `classes/${label}`, { name })));
  }
}

function change(path, body) {
  inTurn(async () => {
    taughtLast = false;
    show(await ask("POST", path, body));
  });
}

function press(id, work) {
  get(id).addEventListener("click", work);
}

press("undo-stroke", () => pad.undoStroke());
press("clear", () => pad.take());
press("undo", () => change("undo"));
press("start-over", () => change("start", { examples: "none" }));
press("start-digits", () => change("start", { examples: "digits" }));

get("new-class").addEventListener("submit", (event) => {
  event.preventDefault();
  inTurn(async () => {
    show(await ask("POST", "classes", { name: get("new-name").value }));
    get("new-name").value = "";
  });
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches("input[type=text], select")) return;
  if (event.key === "Escape") pad.take();
  const label = session?.classes.findIndex((_, i) => keyOf(i) === event.key) ?? -1;
  if (label >= 0) teach(label);
});

// Pictures use the colours of the scheme.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(session));
drawWithKeys(pad, (words) => verdict.say(words));
inTurn(async () => show(await ask("GET", "session")));
