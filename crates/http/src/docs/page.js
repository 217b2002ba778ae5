"use strict";
// Shows openapi.json and tries it. Everything is put in as text; nothing is kept beyond this page.
const $ = (id) => document.getElementById(id);
const METHODS = ["get", "post", "put", "patch", "delete"];
const TOKENS = ["ust", "current_ust", "target_ust"];
let api;

function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

// Text with `code` in it, a paragraph for each blank line, and lines beginning with * as a list.
function prose(text, name = "p", attributes = {}) {
  const spans = (line) => line.split("`").map((part, at) => (at % 2 ? el("code", {}, part) : part));
  const made = document.createDocumentFragment();
  for (const block of text.split("\n\n")) {
    if (block.startsWith("* ")) {
      made.append(el("ul", { class: "codes" }, ...block.split("\n").map((line) => el("li", {}, ...spans(line.slice(2))))));
    } else if (block) made.append(el(name, attributes, ...spans(block)));
  }
  return made;
}

function resolve(schema) {
  if (schema.$ref) return resolve(schema.$ref.slice(2).split("/").reduce((at, key) => at[key], api));
  if (schema.allOf) return { ...resolve(schema.allOf[0]), ...schema, allOf: undefined };
  return schema;
}

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.allOf) return typeOf(schema.allOf[0]);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const types = [schema.type || "anything"].flat();
  return types.map((type) => (type === "array" ? `list of ${typeOf(schema.items)}` : type)).join(" or ")
    + (schema.format && schema.format !== "int64" ? ` (${schema.format})` : "");
}

// The keys of an object, those of the objects inside it behind a disclosure.
function keys(schema, depth = 0) {
  const found = resolve(schema);
  if (found.anyOf) return el("div", {}, ...found.anyOf.map((one) => keys(one, depth)));
  if (!found.properties || depth > 3) return el("p", { class: "hint" }, typeOf(schema));
  const rows = Object.entries(found.properties).map(([name, property]) => {
    const inner = property.items || property.additionalProperties || property;
    const nested = inner && [inner.$ref, inner.allOf, inner.anyOf].some(Boolean) && resolve(inner);
    const more = nested && nested.properties ? el("details", {}, el("summary", {}, "its keys"), keys(inner, depth + 1)) : null;
    return el("tr", {}, el("td", {}, el("code", {}, name), (found.required || []).includes(name) ? "" : " (may be absent)"),
      el("td", {}, typeOf(property)), el("td", {}, property.description || "", more));
  });
  const head = el("thead", {}, el("tr", {}, ...["Key", "Type", "Meaning"].map((word) => el("th", { scope: "col" }, word))));
  return el("table", {}, head, el("tbody", {}, ...rows));
}

// What can be filled in: parameters first, then the keys of the body that are no parameters.
function fields(operation, method) {
  const list = (operation.parameters || []).map((one) => ({ ...one, place: one.in }));
  const json = operation.requestBody && operation.requestBody.content["application/json"];
  if (json && method !== "get") {
    const { properties = {}, required = [] } = resolve(json.schema);
    // What is needed first, in the order in which it is listed; current_app last, for it fills itself in.
    const rank = (name) => (name === "current_app" ? 1e3 : required.includes(name) ? required.indexOf(name) : 1e2);
    for (const [name, property] of Object.entries(properties).sort(([a], [b]) => rank(a) - rank(b))) {
      list.push({ name, place: "body", required: required.includes(name), schema: property,
        description: property.description, example: (json.example || {})[name] });
    }
  }
  return list;
}

function control(field, id) {
  const schema = resolve(field.schema);
  const types = [schema.type].flat();
  const base = { id, name: field.name, autocomplete: "off" };
  const choices = schema.enum || (types.includes("boolean") ? [true, false] : null);
  if (choices) {
    return el("select", base, el("option", { value: "" }, "not sent"),
      ...choices.map((choice) => el("option", { value: JSON.stringify(choice) }, String(choice))));
  }
  const asJson = !schema.type || schema.anyOf || types.some((type) => type === "array" || type === "object");
  if (asJson) return el("textarea", { ...base, "data-json": true, spellcheck: "false", placeholder: "JSON" });
  const secret = /password|token|ust$|_key$|totp_code/.test(field.name);
  const whole = types.includes("integer");
  return el("input", { ...base, type: secret ? "password" : "text", inputmode: whole ? "numeric" : false, "data-whole": whole,
    placeholder: usesSession(field) ? "the session token above" : field.example === undefined || secret ? false : String(field.example) });
}

const usesSession = (field) => TOKENS.includes(field.name) && (field.required || field.name === "ust");

// undefined: not sent. A text in double quotes is taken without them, so that "" can be sent; null is null.
function valueOf(input, field) {
  const text = input.value;
  if (usesSession(field) && text === "") return $("ust").value || undefined;
  if (field.name === "current_app" && text === "") return $("app").value || undefined;
  if (text === "") return undefined;
  if (input.tagName === "SELECT" || input.dataset.json !== undefined) {
    try { return JSON.parse(text); } catch (error) {
      if (input.tagName === "SELECT" || /^\s*[[{]/.test(text)) throw new Error(`${field.name} is not JSON: ${error.message}`);
      return text;
    }
  }
  if (input.dataset.whole !== undefined && /^-?\d+$/.test(text)) return Number(text);
  if (text === "null" && [field.schema.type].flat().includes("null")) return null;
  return text === '""' ? "" : text;
}

function request(path, method, operation, list, inputs) {
  let target = path;
  const query = new URLSearchParams();
  const body = {};
  for (const field of list) {
    const value = valueOf(inputs.get(field), field);
    if (value === undefined) {
      if (field.place === "path") throw new Error(`${field.name} is needed`);
      continue;
    }
    if (field.place === "path") target = target.replace(`{${field.name}}`, encodeURIComponent(value));
    else if (field.place === "query") for (const one of [value].flat()) query.append(field.name, one);
    else body[field.name] = value;
  }
  if ([...query].length) target += `?${query}`;
  const headers = {};
  const options = { method: method.toUpperCase(), headers, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" };
  if (operation.requestBody && method !== "get") {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const socket = operation["x-muster-reach"] === "socket";
  if (!socket && operation.security.some((one) => one.token) && $("token").value) headers.Authorization = `Bearer ${$("token").value.trim()}`;
  return { target, options };
}

function curl({ target, options }, socket) {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const hide = (text) => [...TOKENS, "password", "new_password", "old_password", "reset_key", "totp_key"].reduce((told, name) =>
    told.replace(new RegExp(`("${name}":")[^"]*`), "$1...").replace(new RegExp(`([?&]${name}=)[^&]*`), "$1..."), text);
  return ["curl", socket ? "--unix-socket muster-data/muster.sock" : "", `-X ${options.method}`,
    options.headers.Authorization ? "-H 'Authorization: Bearer ...'" : "",
    options.body ? `-d ${quote(hide(options.body))}` : "",
    quote((socket ? "http://localhost" : location.origin) + hide(target))].filter(Boolean).join(" ");
}

async function send(made, shown) {
  shown.replaceChildren(el("p", {}, "Asking ..."));
  const began = performance.now();
  try {
    const answer = await fetch(made.target.slice(1), made.options);
    const text = await answer.text();
    const took = Math.round(performance.now() - began);
    let body = text;
    try {
      const json = JSON.parse(text);
      body = JSON.stringify(json, null, 2);
      if (typeof json.ust === "string") $("ust").value = json.ust;
    } catch { /* it is no JSON */ }
    const headers = ["content-type", "x-request-id", "x-muster-position", "retry-after", "allow"]
      .filter((name) => answer.headers.has(name)).map((name) => `${name}: ${answer.headers.get(name)}`);
    shown.replaceChildren(
      el("p", {}, el("span", { class: `status ${answer.ok ? "good" : "bad"}` }, `${answer.status} ${answer.statusText}`), ` in ${took} ms`),
      el("pre", { tabindex: "0" }, headers.join("\n")), el("pre", { tabindex: "0", class: "body" }, body || "(empty)"));
  } catch (error) {
    shown.replaceChildren(el("p", { class: "status bad" }, `Not answered: ${error.message}`));
  }
}

function form(path, method, operation) {
  const list = fields(operation, method);
  const socket = operation["x-muster-reach"] === "socket";
  const inputs = new Map();
  const boxes = list.map((field, at) => {
    const id = `${operation.operationId}-${at}`;
    const input = control(field, id);
    inputs.set(field, input);
    const schema = resolve(field.schema);
    return el("div", {}, el("label", { for: id }, el("b", {}, field.name), field.required ? el("span", { class: "must" }, " needed") : "",
      schema.enum || schema.type === "boolean" ? "" : ` ${typeOf(field.schema)}`, field.place === "path" ? ", in the path" : ""),
    input, prose(field.description || "", "p", { class: "hint" }));
  });
  const shown = el("div", { "aria-live": "polite" });
  const attempt = (act) => {
    try { act(request(path, method, operation, list, inputs)); } catch (error) {
      shown.replaceChildren(el("p", { class: "status bad" }, error.message));
    }
  };
  const example = el("button", { type: "button", class: "plain" }, "Fill in the example");
  example.addEventListener("click", () => list.forEach((field) => {
    const value = field.example;
    if (value === undefined || TOKENS.includes(field.name)) return;
    const input = inputs.get(field);
    input.value = input.tagName !== "INPUT" || value === null ? JSON.stringify(value) : String(value);
  }));
  const asCurl = el("button", { type: "button", class: "plain" }, "As curl");
  asCurl.addEventListener("click", () => attempt((made) => shown.replaceChildren(el("pre", { tabindex: "0" }, curl(made, socket)))));
  const made = el("form", {}, el("h3", {}, socket ? "Parameters" : "Try it"), el("div", { class: "fields" }, ...boxes),
    el("div", { class: "actions" }, socket ? null : el("button", { type: "submit" }, "Send"),
      list.some((field) => field.example !== undefined) ? example : null, asCurl),
    socket ? prose("Reachable through the socket only, which a browser cannot do.", "p", { class: "hint" }) : null, shown);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!socket) attempt((ready) => send(ready, shown));
  });
  return made;
}

function answers(operation) {
  return Object.entries(operation.responses).map(([status, told]) => {
    const answer = resolve(told);
    // Its first line stands in the summary.
    const inside = el("div", {}, prose(answer.description.split("\n\n").slice(1).join("\n\n")));
    for (const [kind, { schema, example }] of Object.entries(answer.content || {})) {
      inside.append(el("p", { class: "hint" }, kind));
      const all = schema.anyOf && status === "200" ? schema.anyOf[0] : schema;
      if (all.type !== "string") inside.append(keys(all));
      if (example !== undefined && JSON.stringify(example) !== "{}") {
        inside.append(el("pre", { tabindex: "0" }, typeof example === "string" ? example : JSON.stringify(example, null, 2)));
      }
    }
    return el("details", { class: "answer", open: status.startsWith("2") },
      el("summary", {}, el("span", { class: `status ${status < "300" ? "good" : "bad"}` }, status), ` ${answer.description.split("\n")[0]}`), inside);
  });
}

function card(path, method, operation) {
  const socket = operation["x-muster-reach"] === "socket";
  const made = el("details", { class: "operation", id: operation.operationId },
    el("summary", {}, el("span", { class: `method ${method}` }, method), el("span", { class: "path" }, path),
      el("span", { class: "what" }, operation.summary), socket ? el("span", { class: "badge" }, "socket only") : null));
  made.words = [path, method, operation.operationId, operation.summary, operation.description, ...operation.tags].join(" ").toLowerCase();
  made.addEventListener("toggle", () => {
    if (!made.open || made.querySelector(".inside")) return;
    made.append(el("div", { class: "inside" }, prose(operation.description, "p", { class: "about" }),
      form(path, method, operation), el("h3", {}, "Answers"), ...answers(operation)));
  });
  return made;
}

function show() {
  $("version").textContent = api.info.version;
  $("tagline").textContent = api.info.summary;
  $("about").append(prose(api.info.description.split("\n\n").slice(1).join("\n\n"), "p", { class: "hint" }));
  for (const tag of api.tags) {
    const cards = Object.entries(api.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method] && item[method].tags[0] === tag.name).map((method) => card(path, method, item[method])));
    $("operations").append(el("section", {}, el("h2", {}, tag.name), prose(tag.description, "p", { class: "about" }), ...cards));
  }
  find();
  const linked = location.hash.length > 1 && $(decodeURIComponent(location.hash.slice(1)));
  if (linked && linked.tagName === "DETAILS") { linked.open = true; linked.scrollIntoView(); }
}

function find() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of document.querySelectorAll("#operations section")) {
    let any = false;
    for (const one of section.querySelectorAll("details.operation")) {
      one.hidden = !words.every((word) => one.words.includes(word));
      if (!one.hidden) { any = true; count += 1; }
    }
    section.hidden = !any;
  }
  $("state").textContent = `${count} operations`;
}

$("search").addEventListener("input", find);
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && !typing) { event.preventDefault(); $("search").focus(); }
});
fetch("openapi.json").then((answer) => answer.json()).then((read) => { api = read; show(); })
  .catch((error) => { $("state").textContent = `openapi.json could not be read: ${error.message}`; });
