// Runs schtag.wasm as Fluent Bit does, and shows what it says. Whatever comes out of a record is shown as text
// (`textContent`) and never as markup: an attacker chooses what a task is called.
"use strict";

const MOST_RECORDS = 200;
const MOST_CHARACTERS = 20000;
const MOST_MARKS = 500;
const MOST_ENTRIES = 64;
// For loading a module and for each record; an ordinary record takes a few milliseconds.
const DEADLINE_MS = 10000;

// ---- The worker ----------------------------------------------------------------------------------------------------

/**
 * Runs the module, in a worker. A module that never returns then holds the worker and not the page, which can end it.
 * The worker gets the text of this function (a page opened as a file may load no other script), so it uses nothing
 * from outside of it.
 */
function serveModule() {
  const TAG = "playground";
  let module = null;
  let judge = null;

  /** Compiles a module, and returns what it says of itself: null when it has no rules. */
  async function load(bytes) {
    module = await WebAssembly.compile(bytes);
    const needed = ["memory", "schtag_filter", "malloc", "free"];
    const there = new Set(WebAssembly.Module.exports(module).map((e) => e.name));
    const missing = needed.filter((name) => !there.has(name));
    if (missing.length || WebAssembly.Module.imports(module).length) {
      throw new Error("this is not a module that schtag made");
    }
    const [section] = WebAssembly.Module.customSections(module, "schtag.manifest");
    if (!section) return null;
    // JSON, compressed with zlib, which the web calls deflate.
    const unpacked = new Blob([section]).stream().pipeThrough(new DecompressionStream("deflate"));
    const manifest = JSON.parse(await new Response(unpacked).text());
    const short = (value) => String(value).slice(0, 100);
    return {
      version: short(manifest.version),
      pack: short(manifest.pack).slice(0, 12),
      rules: manifest.rules.length + manifest.correlations.length,
      key: short(manifest.settings?.key ?? "schtag"),
    };
  }

  /** Makes a new instance: `judge` is a function from a record to what becomes of it, null for the same bytes. */
  async function start() {
    const { exports } = await WebAssembly.instantiate(module, {});
    const seconds = Math.floor(Date.now() / 1000);
    // Memory moves when it grows, which any call may cause: no view is kept.
    const copyIn = (bytes) => {
      const address = exports.malloc(bytes.length + 1) >>> 0;
      if (address !== 0) {
        const memory = new Uint8Array(exports.memory.buffer);
        memory.set(bytes, address);
        memory[address + bytes.length] = 0;
      }
      return address;
    };
    judge = (text) => {
      const tag = new TextEncoder().encode(TAG);
      const record = new TextEncoder().encode(text);
      const tagAt = copyIn(tag);
      const recordAt = copyIn(record);
      const at = exports.schtag_filter(tagAt, tag.length, seconds, 0, recordAt, record.length) >>> 0;
      const memory = new Uint8Array(exports.memory.buffer);
      const end = memory.indexOf(0, at);
      if (at === 0 || end < 0) {
        throw new Error("the module returned no text");
      }
      // A control character becomes six bytes when a record is mended.
      if (end - at > 8 * record.length + 1000000) {
        throw new Error("the module returned far more than a record with its tag");
      }
      const out = at === recordAt && at !== 0 ? null : new TextDecoder().decode(memory.subarray(at, end));
      for (const address of [tagAt, recordAt]) {
        if (address !== 0) exports.free(address);
      }
      return out;
    };
  }

  const tasks = { load, start, judge: (text) => judge(text) };
  self.onmessage = async ({ data: [name, value] }) => {
    try {
      self.postMessage({ value: await tasks[name](value) });
    } catch (error) {
      self.postMessage({ error: String(error?.message ?? error).slice(0, 1000) });
    }
  };
}

// ---- The host ------------------------------------------------------------------------------------------------------

/** The worker gave no answer before the deadline, and was ended. */
class NoAnswer extends Error {
  constructor() {
    super(`it gave no answer within ${DEADLINE_MS / 1000} seconds and was stopped`);
  }
}

/** A module in a worker of its own. One question at a time. */
class Filter {
  constructor(bytes) {
    this.bytes = bytes;
    this.manifest = null;
    this.worker = null;
    this.pending = null;
  }

  static async of(bytes) {
    const filter = new Filter(bytes);
    try {
      filter.manifest = await filter.ask("load", bytes);
    } catch (error) {
      filter.stop();
      throw error;
    }
    return filter;
  }

  get key() {
    return this.manifest?.key ?? "schtag";
  }

  /** Makes a new instance, in a new worker where the old one was ended or is still at work. */
  async start() {
    if (this.pending) this.stop();
    if (!this.worker) await this.ask("load", this.bytes);
    await this.ask("start");
  }

  /** What the module makes of a record: null for the same bytes. */
  judge(text) {
    return this.ask("judge", text);
  }

  /** Ends the worker. A question that it has not answered fails. */
  stop() {
    this.worker?.terminate();
    this.worker = null;
    this.pending?.(new NoAnswer());
  }

  ask(task, value) {
    if (!this.worker) {
      const address = URL.createObjectURL(new Blob([`(${serveModule})()`], { type: "text/javascript" }));
      this.worker = new Worker(address);
      URL.revokeObjectURL(address);
    }
    const worker = this.worker;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.stop(), DEADLINE_MS);
      const done = () => {
        clearTimeout(timer);
        this.pending = null;
      };
      this.pending = (error) => {
        done();
        reject(error);
      };
      worker.onmessage = ({ data }) => {
        done();
        if ("error" in data) reject(new Error(data.error));
        else resolve(data.value);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        done();
        reject(new Error(event.message || "the worker failed"));
      };
      worker.postMessage([task, value]);
    });
  }
}

/** The records in a text: its lines, or all of it where it is one JSON value over several lines. */
function recordsOf(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length > 1) {
    try {
      const value = JSON.parse(text);
      return Array.isArray(value) ? value.map((entry) => JSON.stringify(entry)) : [text.trim()];
    } catch {
      // Several records.
    }
  }
  return lines;
}

// ---- Text ----------------------------------------------------------------------------------------------------------

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Controls, and what reorders or hides other text: Unicode's categories Cc and Cf, and the separators of lines.
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/** Appends a text, with what would not be seen escaped. */
function appendVisible(parent, text) {
  let plain = "";
  for (const character of text) {
    if (character === "\n" || character === "\t" || !INVISIBLE.test(character)) {
      plain += character;
    } else if (character !== "\r") {
      parent.append(plain);
      plain = "";
      const code = character.codePointAt(0).toString(16);
      parent.append(element("span", { class: "escaped" }, `\\u{${code}}`));
    }
  }
  parent.append(plain);
}

function visible(name, attributes, text) {
  const made = element(name, attributes);
  appendVisible(made, String(text));
  return made;
}

/** The same as a string, where there can be no elements. */
function visibleText(text) {
  return visible("span", {}, text).textContent;
}

/** Lower case letter by letter, so that places stay the same. */
function fold(text) {
  return Array.from({ length: text.length }, (_, index) => {
    const lower = text[index].toLowerCase();
    return lower.length === 1 ? lower : text[index];
  }).join("");
}

/** A text with the words that decided marked; each mark names its rules. */
function marked(text, evidence) {
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  const folded = fold(shown);
  const places = [];
  for (const { match, title } of evidence) {
    // A long match is cut, with its length behind it.
    const word = fold(match.replace(/… \(\d+ characters\)$/, ""));
    for (let at = word ? folded.indexOf(word) : -1; at >= 0 && places.length < MOST_MARKS; at = folded.indexOf(word, at + word.length)) {
      places.push({ start: at, end: at + word.length, title });
    }
  }
  // A rule that looks at the whole text marks all of it, which hides what the others found.
  const narrow = places.filter((place) => place.end - place.start < 0.8 * shown.length);
  if (narrow.length) places.splice(0, places.length, ...narrow);
  const edges = new Set([0, shown.length]);
  for (const { start, end } of places) edges.add(start).add(end);
  const cuts = [...edges].sort((a, b) => a - b);
  const made = element("pre", { dir: "ltr" });
  for (let index = 0; index + 1 < cuts.length; index += 1) {
    const [start, end] = [cuts[index], cuts[index + 1]];
    const titles = new Set(places.filter((p) => p.start <= start && end <= p.end).map((p) => p.title));
    const part = shown.slice(start, end);
    if (titles.size) {
      made.append(visible("mark", { title: [...titles].join("\n") }, part));
    } else {
      appendVisible(made, part);
    }
  }
  return made;
}

// ---- A record's card -----------------------------------------------------------------------------------------------

const list = (value) => (Array.isArray(value) ? value.slice(0, MOST_ENTRIES) : []);
const LEVELS = ["critical", "high", "medium", "low", "informational"];
const tone = (level) => (LEVELS.includes(level) ? level : "informational");

function badge(text, kind) {
  return visible("span", { class: `badge ${kind}` }, text);
}

function section(title, ...children) {
  return children.length ? [element("h3", {}, title), ...children] : [];
}

function facts(tag) {
  const task = tag.task ?? {};
  const rows = [
    ["Host", [tag.host?.name, tag.host?.role && tag.host.role !== "unknown" ? `(${tag.host.role})` : ""].filter(Boolean).join(" ")],
    ["Account", [tag.actor?.user, tag.actor?.sid && `(${tag.actor.sid})`].filter(Boolean).join(" ")],
    ["Task", task.name],
    ["Runs as", [task.run_as, task.run_level].filter(Boolean).join(", ")],
    ["Starts at", list(task.triggers).join(", ")],
    ["Hidden", task.hidden === "true" ? "yes" : ""],
  ].filter(([, value]) => value);
  const made = element("dl");
  for (const [name, value] of rows) {
    made.append(element("dt", {}, name), visible("dd", {}, value));
  }
  return rows.length ? made : null;
}

function rules(tag) {
  const made = element("ul", { class: "rules" });
  for (const rule of list(tag.rules)) {
    const matches = list(tag.evidence).filter((entry) => entry.rule === rule.id);
    const short = (text) => (text.length > 120 ? `${text.slice(0, 120)}…` : text);
    const words = matches.map((entry) => `${entry.field}: ${short(String(entry.match))}`).join("\n");
    made.append(
      element("li", {},
        badge(rule.level, tone(rule.level)),
        visible("span", { title: rule.id }, rule.title),
        words ? visible("span", { class: "matches" }, words) : null,
      ),
    );
  }
  return made;
}

function techniques(tag) {
  const made = element("ul", { class: "inline" });
  for (const id of list(tag.techniques)) {
    const known = /^T\d{4}(\.\d{3})?$/.test(id);
    const address = `https://attack.mitre.org/techniques/${String(id).replace(".", "/")}/`;
    made.append(element("li", {}, known ? element("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, id) : visible("span", {}, id)));
  }
  return made;
}

function taggedCard(number, tag, out) {
  const level = tag.verdict === "alert" ? tone(tag.severity) : { allowlisted: "good", unreadable: "medium", repaired: "medium", passed_on: "low" }[tag.verdict] ?? "informational";
  const card = element("article", { class: `card ${level}`, "data-verdict": tag.verdict ?? "", "data-severity": tag.severity ?? "" });
  const titles = new Map(list(tag.rules).map((rule) => [rule.id, rule.title]));
  const evidence = list(tag.evidence).map((entry) => ({ match: String(entry.match), title: titles.get(entry.rule) ?? entry.rule }));
  const texts = (values) => list(values).map((text) => marked(String(text), evidence));
  card.append(
    element("div", { class: "badges" },
      badge(tag.verdict ?? "no verdict", `full ${level}`),
      tag.verdict === "alert" ? badge(tag.severity, level) : null,
      element("span", {}, tag.action ? `Record ${number}, task ${tag.action}` : `Record ${number}`)),
    visible("h2", {}, tag.title ?? ""),
  );
  const rows = facts(tag);
  if (rows) card.append(rows);
  card.append(
    ...section("What it runs", ...texts(tag.task?.commands)),
    ...section("Decoded", ...texts(tag.task?.decoded)),
    ...section("Files that it executes or loads", ...texts(tag.task?.runs)),
    ...section("Addresses that it contacts", ...texts(tag.task?.address)),
    ...(list(tag.rules).length ? section("Rules that matched", rules(tag)) : []),
    ...(list(tag.techniques).length ? section("ATT&CK", techniques(tag)) : []),
    ...section("By an earlier filter, not verified",
      ...list(tag.passed_on?.rules).map((rule) => visible("p", {}, `${rule.level}: ${rule.title}`)),
      ...list(tag.passed_on?.notes).map((note) => visible("p", {}, note))),
    ...section("Allowlist", ...list(tag.allowlist).map((entry) => visible("p", {}, `${entry.name}: ${entry.reason}`))),
  );
  if (list(tag.notes).length) {
    const notes = element("ul", { class: "plain" });
    notes.append(...list(tag.notes).map((note) => visible("li", {}, note)));
    card.append(...section("Notes", notes));
  }
  card.append(details("The tag", JSON.stringify(tag, null, 2)), details("The record as it leaves the filter", pretty(out)));
  return card;
}

function details(title, text) {
  const shown = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
  return element("details", {}, element("summary", {}, title), visible("pre", { dir: "ltr" }, shown));
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function plainCard(number, kind, title, text) {
  return element("article", { class: `card none ${kind}`, "data-verdict": "none" },
    element("div", { class: "badges" }, badge(kind === "medium" ? "not judged" : "no tag", kind), element("span", {}, `Record ${number}`)),
    element("h2", {}, title), details("The record", pretty(text)));
}

/** The card of a record, `out` being what the filter made of it: null for the same bytes. */
function cardOf(number, text, out, key) {
  if (out === null) {
    return plainCard(number, "good", "Nothing found; the record is as it came", text);
  }
  let tag;
  try {
    tag = JSON.parse(out)[key];
  } catch {
    return plainCard(number, "medium", "The result is nested too deeply to be shown here", out);
  }
  if (tag === null || typeof tag !== "object") {
    return plainCard(number, "good", "Nothing found; a tag that another program wrote was removed", out);
  }
  return taggedCard(number, tag, out);
}

// ---- The page ------------------------------------------------------------------------------------------------------

const page = (id) => document.getElementById(id);
const samples = page("samples").textContent.split("\n").filter((line) => line.trim() !== "");
let filter = null;
// The number of the newest run, and of the newest module: what an older one brings is dropped.
let run = 0;
let loads = 0;

function say(text) {
  page("status").textContent = text;
}

function several(count, one) {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

/** What a module makes of a record, as a card. */
async function cardFor(number, record) {
  if (!record.trimStart().startsWith("{")) {
    return plainCard(number, "medium", "This is not a JSON object", record);
  }
  return cardOf(number, record, await filter.judge(record), filter.key);
}

async function judge() {
  run += 1;
  const mine = run;
  const records = recordsOf(page("records").value);
  const results = page("results");
  if (!filter || !records.length) {
    filter?.stop();
    results.replaceChildren();
    say(filter ? "Choose a sample, or paste an event." : "There is no module yet.");
    document.body.dataset.state = filter ? "empty" : "no-module";
    return;
  }
  say("Judging…");
  document.body.dataset.state = "judging";
  const cards = [];
  let tagged = 0;
  let stopped = null;
  let started = false;
  for (const [index, record] of records.slice(0, MOST_RECORDS).entries()) {
    let card;
    try {
      if (!started) await filter.start();
      started = true;
      card = await cardFor(index + 1, record);
    } catch (error) {
      // A newer run has been started meanwhile.
      if (mine !== run) return;
      card = plainCard(index + 1, "medium", `The module failed: ${error.message}`, record);
      started = false;
      if (error instanceof NoAnswer) stopped = index + 1;
    }
    if (mine !== run) return;
    if (card.dataset.verdict !== "none") tagged += 1;
    cards.push(card);
    if (stopped) break;
  }
  results.replaceChildren(...cards);
  const left = records.length - cards.length;
  const others = left ? `; ${several(left, "record")} more were left out` : "";
  say(stopped
    ? `Stopped at record ${stopped}: the module gave no answer within ${DEADLINE_MS / 1000} seconds${others}.`
    : `${several(cards.length, "record")} judged, ${tagged} tagged${others}.`);
  document.body.dataset.state = stopped ? "stopped" : "judged";
}

async function useModule(bytes, name) {
  const state = page("module");
  loads += 1;
  const mine = loads;
  let loaded = null;
  let problem = "";
  try {
    loaded = await Filter.of(bytes);
  } catch (error) {
    problem = error.message;
  }
  // Another one was opened meanwhile.
  if (mine !== loads) {
    loaded?.stop();
    return;
  }
  filter?.stop();
  filter = loaded;
  state.className = loaded ? "" : "missing";
  const manifest = loaded?.manifest;
  if (!loaded) {
    state.textContent = `${name} cannot be used: ${problem}`;
  } else if (manifest) {
    state.textContent = `${name}: schtag ${manifest.version}, ${manifest.rules} rules, pack ${manifest.pack}`;
  } else {
    state.textContent = `${name}: a module without rules`;
  }
  await judge();
}

async function fetchModule() {
  try {
    const answer = await fetch("schtag.wasm");
    if (!answer.ok) throw new Error(answer.statusText);
    await useModule(await answer.arrayBuffer(), "schtag.wasm");
  } catch {
    // Somebody was faster, and opened one.
    if (loads) return;
    const state = page("module");
    state.className = "missing";
    state.textContent = "There is no schtag.wasm that this page may read (a page opened as a file may read none). Open it with “Open module”, or drop it here.";
    await judge();
  }
}

async function useFile(file) {
  if (file.name.endsWith(".wasm")) {
    await useModule(await file.arrayBuffer(), file.name);
  } else {
    page("records").value = await file.text();
    page("sample").value = "";
    await judge();
  }
}

/** What a sample is, in a few words. */
function nameOf(line, index) {
  let record;
  try {
    record = JSON.parse(line);
  } catch {
    return `${index + 1}. no JSON`;
  }
  const kind = { 4698: "created", 4699: "deleted", 4700: "enabled", 4701: "disabled", 4702: "updated" }[record.EventID] ?? "no task event";
  const task = kind === "no task event" ? "" : `, ${record.StringInserts?.[4] ?? ""}`;
  return `${index + 1}. ${record.EventID} ${kind}${task}`;
}

async function useSample(value) {
  const chosen = value === "all" ? samples : samples.slice(Number(value) - 1, Number(value));
  page("records").value = chosen.join("\n");
  page("sample").value = value;
  await judge();
}

function followHash() {
  const value = new URLSearchParams(location.hash.slice(1)).get("sample");
  if (value === "all" || samples[Number(value) - 1] !== undefined) {
    return useSample(value);
  }
  return judge();
}

for (const [index, line] of samples.entries()) {
  page("sample").append(element("option", { value: String(index + 1) }, visibleText(nameOf(line, index))));
}
page("sample").append(element("option", { value: "all" }, "All of them, in order"));
page("sample").addEventListener("change", (event) => {
  if (event.target.value) {
    history.replaceState(null, "", `#sample=${event.target.value}`);
    useSample(event.target.value);
  }
});
page("judge").addEventListener("click", judge);
let waiting = 0;
page("records").addEventListener("input", () => {
  page("sample").value = "";
  clearTimeout(waiting);
  waiting = setTimeout(judge, 400);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    judge();
  }
});
for (const id of ["events-file", "module-file"]) {
  page(id).addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (file) await (id === "module-file" ? file.arrayBuffer().then((bytes) => useModule(bytes, file.name)) : useFile(file));
    event.target.value = "";
  });
}
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dropping");
});
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  for (const file of event.dataTransfer.files) await useFile(file);
});
window.addEventListener("hashchange", followHash);
fetchModule().then(followHash);
