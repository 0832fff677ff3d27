// The JSON API, as functions.

/** A request that failed; its message is the server's reason. */
export class Refused extends Error {
  /** Whether the session is gone, so that the page shows a lesson that the server does not have. */
  ended = false;
}

export async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(`api/${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused("The server does not answer. Is `gpicl demo` still running?");
  }
  let answer;
  try {
    answer = await response.json();
  } catch {
    throw new Refused(`The server answered with status ${response.status} and no reason. Try again.`);
  }
  if (!response.ok) {
    const refused = new Refused(answer.reason);
    refused.ended = response.status === 410;
    throw refused;
  }
  return answer;
}
