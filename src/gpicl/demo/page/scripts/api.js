// The JSON API, as functions.

/** A request that failed; its message is the server's reason. */
export class Refused extends Error {}

export async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused("The server does not answer. Is `gpicl demo` still running?");
  }
  const answer = await response.json();
  if (!response.ok) throw new Refused(answer.reason);
  return answer;
}
