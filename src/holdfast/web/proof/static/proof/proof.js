// Checks the proof in the browser, with nothing but the browser: no request but for the bundle itself.
// Forms: RFC 6962 leaf and node hashes, RFC 9162 inclusion paths, C2SP checkpoints and signed notes.
"use strict";

const page = document.body.dataset;
const utf8 = new TextEncoder();
const results = {};

class Fails extends Error {}

function must(holds, why) {
  if (!holds) throw new Fails(why);
}

async function sha256(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
}

const leafHash = (body) => sha256(new Uint8Array([0]), utf8.encode(body));
const nodeHash = (left, right) => sha256(new Uint8Array([1]), left, right);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => {
  must(/^(?:[0-9a-f]{64})$/.test(text), "a hash is not 64 hex digits");
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
};
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const unbase64 = (text) => {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new Fails("not base64");
  }
  must(base64(bytes) === text, "not the one spelling in base64");
  return bytes;
};
const same = (one, other) => hex(one) === hex(other);

// The one legal form: keys sorted, no spaces.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value && typeof value === "object") {
    const keys = Object.keys(value).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }
  must(typeof value !== "number" || Number.isSafeInteger(value), "a number that is not whole");
  return JSON.stringify(value);
}

async function climb(leaf, position, size, path) {
  must(Number.isSafeInteger(position) && Number.isSafeInteger(size) && position >= 0 && position < size, "a position outside the tree");
  let first = BigInt(position), last = BigInt(size) - 1n, hash = leaf;
  for (const step of path.map(unhex)) {
    must(last !== 0n, "the path is too long");
    if ((first & 1n) === 1n || first === last) {
      hash = await nodeHash(step, hash);
      while ((first & 1n) === 0n && first !== 0n) {
        first >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = await nodeHash(hash, step);
    }
    first >>= 1n;
    last >>= 1n;
  }
  must(last === 0n, "the path is too short");
  return hash;
}

function note(text) {
  const gap = text.lastIndexOf("\n\n");
  must(gap > 0 && text.endsWith("\n"), "not a signed note");
  const lines = text.slice(gap + 2, -1).split("\n");
  must(lines.length === 1 && lines[0].startsWith("\u2014 "), "not one signature");
  const [name, signature] = lines[0].slice(2).split(" ");
  const bytes = unbase64(signature);
  must(bytes.length === 68, "a signature of another length");
  return { text: text.slice(0, gap + 1), name, mark: bytes.slice(0, 4), signature: bytes.slice(4) };
}

function checkpoint(text) {
  const signed = note(text);
  const lines = signed.text.split("\n");
  must(lines.length === 4 && /^(?:0|[1-9][0-9]*)$/.test(lines[1]), "not a checkpoint");
  const root = unbase64(lines[2]);
  must(root.length === 32, "a root of another length");
  return { origin: lines[0], size: Number(lines[1]), root, signed };
}

async function verifierKey(text) {
  const [name, mark, ...rest] = text.split("+");
  const bytes = unbase64(rest.join("+"));
  must(bytes.length === 33 && bytes[0] === 1, "not an Ed25519 key");
  const digest = await sha256(utf8.encode(`${name}\n`), bytes);
  must(hex(digest.slice(0, 4)) === mark, "the key's hash does not fit it");
  return { name, mark: digest.slice(0, 4), bytes: bytes.slice(1) };
}

// null: this browser knows no Ed25519.
async function signedBy(key, signed) {
  must(signed.name === key.name && same(signed.mark, key.mark), "signed by another key");
  let imported;
  try {
    imported = await crypto.subtle.importKey("raw", key.bytes, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
  must(await crypto.subtle.verify({ name: "Ed25519" }, imported, signed.signature, utf8.encode(signed.text)), "the signature does not hold");
  return true;
}

async function rootOf(record, bundle, head) {
  const leaf = await leafHash(record.body);
  if ("position" in record) return climb(leaf, record.position, head.size, record.path);
  const batch = bundle.batches[record.batch];
  must(batch, "a line of a batch that is not here");
  const said = JSON.parse(batch.body).says;
  must(hex(await climb(leaf, record.line, said.lines, record.path)) === said.root, "a line does not lead to its batch");
  return climb(await leafHash(batch.body), batch.position, head.size, batch.path);
}

const checks = {
  form({ text, bundle }) {
    must(bundle.format === "holdfast.bundle/1", "another format");
    must(canonical(bundle) === text, "not as the one legal form has it");
    return `${text.length} B`;
  },
  async chain({ bundle }) {
    must(bundle.records.length > 0, "no record");
    let before = "0".repeat(64);
    for (const [index, record] of bundle.records.entries()) {
      const body = JSON.parse(record.body);
      must(body.seq === index + 1 && body.chain === bundle.chain && body.prev === before, `#${index + 1}`);
      before = hex(await leafHash(record.body));
    }
    return `1 \u2013 ${bundle.records.length}`;
  },
  async tree({ bundle, head }) {
    for (const [index, record] of bundle.records.entries()) {
      must(same(await rootOf(record, bundle, head), head.root), `#${index + 1}`);
    }
    return `${bundle.records.length} \u2192 ${head.size}`;
  },
  async signature({ head, key }) {
    must(key.name === head.origin, "the key is of another journal");
    return (await signedBy(key, head.signed)) ? "Ed25519" : null;
  },
  async statement({ bundle, head, key }) {
    const { statement, ...fields } = bundle;
    const signed = note(statement);
    const digest = base64(await sha256(utf8.encode(canonical(fields))));
    must(signed.text === `${head.origin} bundle\n${bundle.chain}\n${bundle.records.length}\n${head.size}\n${digest}\n`, "made for other contents");
    return (await signedBy(key, signed)) ? String(bundle.records.length) : null;
  },
  async page({ bundle }) {
    for (const step of document.querySelectorAll("li[data-seq]")) {
      const record = bundle.records[Number(step.dataset.seq) - 1];
      must(record && hex(await leafHash(record.body)) === step.dataset.hash, `#${step.dataset.seq}`);
    }
    return String(document.querySelectorAll("li[data-seq]").length);
  },
};

function show(name, state, where) {
  results[name] = state;
  const row = document.querySelector(`tr[data-check="${name}"]`);
  row.dataset.state = state;
  row.querySelector("[data-result]").textContent = { ok: page.yes, broken: page.no, open: page.open }[state];
  row.querySelector("[data-where]").textContent = where || "";
}

function conclude(state) {
  const verdict = document.getElementById("verdict");
  verdict.dataset.state = state;
  verdict.textContent = { ok: page.all, part: page.some, broken: page.broken, none: page.none }[state];
}

async function showPath(bundle, head) {
  document.getElementById("head-note").textContent = bundle.checkpoint;
  const record = bundle.records[bundle.records.length - 1];
  const placed = "position" in record ? record : bundle.batches[record.batch];
  const list = document.getElementById("path");
  const line = (text) => {
    const item = document.createElement("li");
    item.textContent = text;
    list.append(item);
  };
  line(`leaf ${placed.position}: ${hex(await leafHash(placed.body))}`);
  for (const step of placed.path) line(`+ ${step}`);
  line(`root of ${head.size}: ${hex(head.root)}`);
}

async function check() {
  let text;
  try {
    const answer = await fetch(page.bundle, { credentials: "same-origin" });
    must(answer.ok, String(answer.status));
    text = await answer.text();
  } catch {
    conclude("none");
    return;
  }
  if (!globalThis.crypto || !crypto.subtle) {
    for (const name of Object.keys(checks)) show(name, "open", "");
    conclude("none");
    return;
  }
  let about;
  try {
    const bundle = JSON.parse(text);
    about = { text, bundle, head: checkpoint(bundle.checkpoint), key: await verifierKey(page.key) };
  } catch (error) {
    show("form", "broken", error instanceof Fails ? error.message : "");
    conclude("broken");
    return;
  }
  for (const [name, made] of Object.entries(checks)) {
    try {
      const said = await made(about);
      show(name, said === null ? "open" : "ok", said);
    } catch (error) {
      show(name, "broken", error instanceof Fails ? error.message : "");
    }
  }
  await showPath(about.bundle, about.head);
  const states = Object.values(results);
  conclude(states.includes("broken") ? "broken" : states.includes("open") ? "part" : "ok");
}

// Everything that the page needs is kept on this device, so that it opens and checks itself without a network.
async function keep() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(page.worker, { scope: "/proof/" });
  const needed = Array.from(document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src]"), (each) => each.href || each.src);
  const cache = await caches.open("holdfast-proof");
  await cache.addAll([location.pathname, page.bundle, ...needed]);
  await navigator.serviceWorker.ready;
  const kept = document.getElementById("kept");
  kept.textContent = page.kept;
  kept.hidden = false;
}

check();
keep().catch(() => {
  // Private windows and pages without TLS keep nothing; the page works all the same while the network does.
  document.body.dataset.notKept = "1";
});
