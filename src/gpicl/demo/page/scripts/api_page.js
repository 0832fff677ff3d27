// The API for human readers, generated from its OpenAPI description so that it is always up to date.

const { info, paths, components } = await (await fetch("openapi.json")).json();

function element(kind, text = "", name = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  made.className = name;
  return made;
}

const typeOf = (content) => content?.["application/json"]?.schema?.$ref?.split("/").at(-1);

function listFields(type) {
  const list = element("dl");
  for (const [name, { description }] of Object.entries(components.schemas[type].properties)) {
    const term = element("dt");
    term.append(element("code", name));
    list.append(term, element("dd", description ?? ""));
  }
  return list;
}

function describeRequest(path, method, { description, requestBody, responses }) {
  const card = element("section", "", "card request");
  const title = element("h2");
  title.append(element("code", `${method.toUpperCase()} ${path}`));
  card.append(title, element("p", description));
  const asked = typeOf(requestBody?.content);
  if (asked) card.append(listFields(asked));
  const success = Object.keys(responses).find((status) => status.startsWith("2"));
  const answer = typeOf(responses[success].content);
  answers.add(answer);
  const line = element("p", `Returns ${success} with a `, "small");
  const link = element("a", answer);
  link.href = `#${answer}`;
  line.append(link);
  card.append(line);
  return card;
}

function describeAnswer(type) {
  const card = element("section", "", "card request");
  card.id = type;
  card.append(element("h2", type), element("p", components.schemas[type].description), listFields(type));
  return card;
}

const answers = new Set();
document.getElementById("about").textContent = `${info.summary} ${info.description}`;
const requests = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, request]) => describeRequest(path, method, request)),
);
document.getElementById("requests").append(...requests);
document.getElementById("answers").append(...[...answers, "ClassState", "CurveState", "Problem"].map(describeAnswer));
