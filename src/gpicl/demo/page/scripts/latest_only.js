/**
 * Return a trigger that runs `work` after a delay, never twice at once, and once more if triggered while it runs.
 *
 * A pen moves a hundred times a second; only the latest drawing is worth a request.
 */
export function latestOnly(work, milliseconds) {
  let waiting = false;
  let running = false;
  let again = false;

  async function run() {
    waiting = false;
    running = true;
    again = false;
    try {
      await work();
    } finally {
      running = false;
      if (again) trigger();
    }
  }

  function trigger() {
    if (running) again = true;
    else if (!waiting) {
      waiting = true;
      setTimeout(run, milliseconds);
    }
  }
  return trigger;
}
