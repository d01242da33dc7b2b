import { type ItemDetail, ValetUpload, type ValetUploadEvents } from "@valetkey/element";

const EXPLANATIONS: Record<string, string> = {
  queued: "waiting for other files",
  hashing: "the page computes the file's SHA-256",
  creating: "the page asks the service for a grant",
  sending: "the service granted it; the page sends the bytes straight to S3",
  confirming: "S3 has the bytes; the service checks them itself",
  paused: "nothing is sent; S3 keeps the parts that it has",
  confirmed: "the service has seen the object",
  rejected: "the object is not what was granted",
  refused: "the element refused it",
  failed: "failed; a retry continues from here",
  aborted: "aborted by you; nothing is left at S3",
};

const field = find("valet-upload", ValetUpload);
const states = find("#states", HTMLOListElement);
const download = find("#download", HTMLParagraphElement);
let shown: number | null = null;
let startedAt = 0;

field.addEventListener("valet-state", (event) => show((event as CustomEvent<ItemDetail>).detail));
field.addEventListener("valet-change", (event) => {
  const { value } = (event as CustomEvent<ValetUploadEvents["valet-change"]>).detail;
  find("#value", HTMLElement).textContent = JSON.stringify(value, null, 2);
});
choose("#language", (value) => field.setAttribute("lang", value));
choose("#theme", (value) => {
  document.documentElement.style.colorScheme = value || "light dark";
});

/** Follows one file: the one that was added last. */
function show(item: ItemDetail): void {
  if (shown !== null && item.key < shown) return;
  if (item.key !== shown) {
    shown = item.key;
    startedAt = performance.now();
    states.replaceChildren();
    find("#followed", HTMLElement).textContent = item.file.name;
    download.hidden = true;
  }
  addState(item);
  tellJson("#upload", item.snapshot?.upload ?? null);
  tellJson("#grant", item.snapshot?.grant ?? null);
  if (item.state === "confirmed") offerDownload(item.snapshot?.upload?.id ?? "");
}

function addState({ state, snapshot }: ItemDetail): void {
  const line = document.createElement("li");
  line.className = state;
  const name = document.createElement("b");
  name.textContent = state;
  const explanation = document.createElement("span");
  explanation.textContent = snapshot?.error?.detail ?? EXPLANATIONS[state] ?? "";
  const time = document.createElement("time");
  time.textContent = `${((performance.now() - startedAt) / 1000).toFixed(2)} s`;
  line.append(name, explanation, time);
  states.append(line);
}

function tellJson(place: string, value: unknown): void {
  find(place, HTMLElement).textContent = value === null ? "Nothing yet." : JSON.stringify(value, null, 2);
}

function offerDownload(id: string): void {
  download.hidden = false;
  find("#download a", HTMLAnchorElement).href = `v1/uploads/${encodeURIComponent(id)}/download`;
}

function choose(place: string, act: (value: string) => void): void {
  const select = find(place, HTMLSelectElement);
  select.addEventListener("change", () => act(select.value));
}

function find<T extends Element>(selector: string, kind: new () => T): T {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`The page has no ${selector}`);
  return found;
}
