// The choice of the learner, and the switch for scrambling.

export class Settings {
  /** @param {(change: object) => void} onChange - Called with the changed setting, as a body for the API. */
  constructor(onChange) {
    this.learner = document.getElementById("learner");
    this.about = document.getElementById("about");
    this.scrambled = document.getElementById("scrambled");
    this.learner.addEventListener("change", () => onChange({ learner: this.learner.value }));
    this.scrambled.addEventListener("change", () => onChange({ scrambled: this.scrambled.checked }));
  }

  show({ learner, scrambled, learners }) {
    const options = learners.map(({ name }) => {
      const option = document.createElement("option");
      option.value = option.textContent = name;
      return option;
    });
    this.learner.replaceChildren(...options);
    this.learner.value = learner;
    this.scrambled.checked = scrambled;
    this.about.textContent = learners.find(({ name }) => name === learner).about;
  }
}
