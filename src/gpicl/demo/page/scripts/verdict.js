// The learner's prediction, shown at once and announced to screen readers when the pen rests.

import { showPicture } from "./pictures.js";

const REST = 700; // milliseconds without a change before it is announced

export class Verdict {
  constructor() {
    this.text = document.getElementById("verdict");
    this.seen = document.getElementById("seen");
    this.announcer = document.getElementById("announcer");
    this.problem = document.getElementById("problem");
    this.timer = 0;
  }

  /** Show a prediction from the API. */
  predicted({ probabilities, predicted, seen, note }, names) {
    showPicture(this.seen, seen);
    if (predicted === null) this.#tell(note);
    else this.#tell(`${names[predicted]}, ${Math.round(100 * probabilities[predicted])} %`);
  }

  /** Nothing is drawn. */
  empty() {
    showPicture(this.seen, "");
    this.#tell("Nothing yet.");
  }

  /** A drawing was taught. */
  taught(predicted, label, names) {
    showPicture(this.seen, "");
    if (predicted === null) this.#tell(`Learned: ${names[label]}.`);
    else if (predicted === label) this.#tell(`It predicted ${names[predicted]}: right.`);
    else this.#tell(`It predicted ${names[predicted]}; now it knows ${names[label]}.`);
  }

  refused(reason) {
    this.problem.textContent = reason;
    this.problem.hidden = false;
  }

  fine() {
    this.problem.hidden = true;
  }

  say(words) {
    this.announcer.textContent = words;
  }

  #tell(words) {
    this.text.textContent = words;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.say(words), REST);
  }
}
