import { type ItemDetail, ValetUpload, type ValetUploadEvents } from "@valetkey/element";

type Texts = Record<string, string>;

const LANGUAGES: Record<string, Texts> = JSON.parse(find("#texts", HTMLScriptElement).textContent ?? "");

const field = find("valet-upload", ValetUpload);
const states = find("#states", HTMLOListElement);
const followed = find("#followed", HTMLParagraphElement);
const download = find("#download", HTMLParagraphElement);
let texts: Texts = LANGUAGES[document.documentElement.lang] ?? {};
let shown: number | null = null;
let startedAt = 0;

field.addEventListener("valet-state", (event) => show((event as CustomEvent<ItemDetail>).detail));
field.addEventListener("valet-change", (event) => {
  const { value } = (event as CustomEvent<ValetUploadEvents["valet-change"]>).detail;
  find("#value", HTMLElement).textContent = JSON.stringify(value, null, 2);
});
choose("#language", speak);
choose("#theme", (value) => {
  document.documentElement.style.colorScheme = value || "light dark";
});
find("#colours", HTMLLabelElement).hidden = false;

/** Shows the page in another language; what is being uploaded goes on. */
function speak(lang: string): void {
  texts = LANGUAGES[lang] ?? {};
  document.documentElement.lang = lang;
  field.lang = lang;
  for (const input of document.querySelectorAll<HTMLInputElement>("input[name=lang]")) input.value = lang;
  for (const element of document.querySelectorAll<HTMLElement>("[data-text]"))
    element.textContent = texts[element.dataset.text ?? ""] ?? "";
  for (const element of document.querySelectorAll<HTMLElement>("[data-label]"))
    element.ariaLabel = texts[element.dataset.label ?? ""] ?? "";
  history.replaceState(null, "", `?lang=${lang}`);
}

/** Follows one file: the one that was added last. */
function show(item: ItemDetail): void {
  if (shown !== null && item.key < shown) return;
  if (item.key !== shown) {
    shown = item.key;
    startedAt = performance.now();
    states.replaceChildren();
    followed.textContent = item.file.name;
    followed.hidden = false;
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
  if (snapshot?.error) explanation.textContent = snapshot.error.detail;
  else say(explanation, `state_${state}`);
  const time = document.createElement("time");
  time.textContent = `${((performance.now() - startedAt) / 1000).toFixed(2)} s`;
  line.append(name, explanation, time);
  states.append(line);
}

function tellJson(place: string, value: unknown): void {
  const element = find(place, HTMLElement);
  if (value === null) say(element, "none");
  else {
    delete element.dataset.text;
    element.textContent = JSON.stringify(value, null, 2);
  }
}

/** Shows a text, in the next language that is chosen, too. */
function say(element: HTMLElement, name: string): void {
  element.dataset.text = name;
  element.textContent = texts[name] ?? "";
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
