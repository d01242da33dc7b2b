import { type ConfirmedUpload, createUploader, type FileOptions, type Uploader } from "@valetkey/client";
import { accepts } from "./accept";
import { reflect, upgrade, wholeNumber } from "./attributes";
import type { Dropped } from "./dropped";
import { detailOf, type ItemDetail, tell } from "./events";
import { Field } from "./field";
import { type Gestures, watchDrags, watchPastes } from "./gestures";
import type { Item, Refusal } from "./item";
import { chooseLanguage, onTranslation } from "./messages";
import { Panel } from "./panel";
import { Queue } from "./queue";
import { perFrame, soon } from "./schedule";
import { type Bulk, totalsOf } from "./summary";
import { Words } from "./words";

export type Metadata = Record<string, string>;

const TEXT = ["endpoint", "profile", "accept", "name", "theme", "checksum", "max-files", "max-size"];
const FLAGS = ["multiple", "folders", "required", "disabled"];
const TICK = 1000; // ms: the seconds until the next attempt are counted down

/** `<valet-upload>`: a form field whose value is the ids of the uploads that were confirmed. */
export class ValetUpload extends HTMLElement {
  static readonly formAssociated = true;
  static readonly observedAttributes = [...TEXT, ...FLAGS, "lang", "token"];

  declare endpoint: string;
  declare profile: string;
  declare accept: string;
  declare name: string;
  declare theme: string;
  declare checksum: string;
  declare maxFiles: string;
  declare maxSize: string;
  declare multiple: boolean;
  declare folders: boolean;
  declare required: boolean;
  declare disabled: boolean;

  /** sent with each file: the same for all, or by a function */
  metadata: Metadata | ((file: File) => Metadata) = {};

  #token: string | (() => string | Promise<string>) | null = null;
  #uploader: Uploader | null = null;
  #words = new Words("en");
  #barred = false; // by a <fieldset disabled>
  #dragging = false;
  #busy = false;
  #news = false; // about the items, which listeners have not been told
  #ticking: ReturnType<typeof setTimeout> | null = null;
  #away: Array<() => void> = [];
  readonly #queue = new Queue(
    (item) => this.#changed(item),
    () => {
      this.#news = true;
      this.#refresh();
    },
  );
  readonly #field = new Field(this);
  readonly #panel: Panel;
  readonly #draw = perFrame(() => this.#show());
  readonly #commit = soon(
    () => this.#committed(),
    () => this.#queue.size,
  );

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    const doings = {
      add: (files: File[]) => this.add(files),
      toggle: (item: Item) => (item.state === "paused" ? item.upload?.resume() : item.upload?.pause()),
      retry: (item: Item) => this.#queue.retry(item, this.#service(), this.#options),
      end: (item: Item) => (item.open ? void item.upload?.abort() : this.#remove(item)),
      all: (what: Bulk) => this.#all(what),
    };
    this.#panel = new Panel(root, doings, () => this.#words);
    watchDrags(this, this.#gestures);
  }

  /** a ticket of `POST /v1/tickets`, or a function that gets one; null where the service asks for none */
  get token(): string | (() => string | Promise<string>) | null {
    return this.#token ?? this.getAttribute("token");
  }

  set token(token: string | (() => string | Promise<string>) | null) {
    this.#token = token;
    this.#uploader = null;
  }

  /** the ids of the confirmed uploads, in the order of the list */
  get value(): string[] {
    return this.#queue.items.flatMap((item) => item.confirmedId ?? []);
  }

  /** every file in the list */
  get items(): ItemDetail[] {
    return this.#queue.items.map(detailOf);
  }

  get type(): string {
    return this.localName;
  }

  get form(): HTMLFormElement | null {
    return this.#field.internals.form;
  }

  get validity(): ValidityState {
    return this.#field.internals.validity;
  }

  get validationMessage(): string {
    return this.#field.internals.validationMessage;
  }

  get willValidate(): boolean {
    return this.#field.internals.willValidate;
  }

  checkValidity(): boolean {
    return this.#field.internals.checkValidity();
  }

  reportValidity(): boolean {
    return this.#field.internals.reportValidity();
  }

  /** Opens the browser's dialogue; only out of a click or a key. */
  pick(): void {
    if (this.#usable) this.#panel.pick();
  }

  /** Takes files as if they had been dropped. */
  add(files: Iterable<File>): void {
    this.#take({ files: Array.from(files), unreadable: 0 });
  }

  pauseAll(): void {
    this.#all("pauseAll");
  }

  resumeAll(): void {
    this.#all("resumeAll");
  }

  retryAll(): void {
    this.#all("retryAll");
  }

  cancelAll(): void {
    this.#all("cancelAll");
  }

  /** Takes every file out of the list; those under way are ended. What was confirmed stays at the service. */
  clear(): void {
    this.#all("clear");
  }

  connectedCallback(): void {
    upgrade(this);
    this.#away = [watchPastes(this, this.#gestures), onTranslation(() => this.#speak())];
    this.#speak();
    this.#commit();
  }

  disconnectedCallback(): void {
    for (const leave of this.#away) leave();
  }

  attributeChangedCallback(name: string): void {
    if (name === "lang") this.#speak();
    if (["endpoint", "token", "profile"].includes(name)) this.#uploader = null;
    this.#refresh();
  }

  formDisabledCallback(disabled: boolean): void {
    this.#barred = disabled;
    this.#draw();
  }

  formResetCallback(): void {
    this.clear();
  }

  readonly #gestures: Gestures = {
    usable: () => this.#usable,
    dragging: (over) => {
      this.#dragging = over;
      this.#draw();
    },
    dropped: (dropped) => this.#take(dropped),
  };

  readonly #options = (file: File): FileOptions => {
    const metadata = typeof this.metadata === "function" ? this.metadata(file) : this.metadata;
    return { metadata, ...(this.checksum === "sha256" && { checksum: "sha256" }) };
  };

  readonly #judge = (file: File): Refusal | null => {
    const limit = wholeNumber(this.getAttribute("max-size"));
    if (!accepts(this.accept, file)) return { key: "wrongKind" };
    return limit !== null && file.size > limit ? { key: "tooLarge", limit } : null;
  };

  get #usable(): boolean {
    return !this.disabled && !this.#barred;
  }

  #service(): Uploader {
    const { token, profile } = this;
    this.#uploader ??= createUploader({
      endpoint: this.endpoint || "/",
      ...(token && { token }),
      ...(profile && { profile }),
    });
    return this.#uploader;
  }

  #take({ files, unreadable }: Dropped): void {
    if (!this.#usable) return;
    const limit = this.multiple ? (wholeNumber(this.getAttribute("max-files")) ?? Infinity) : 1;
    if (!this.multiple && files.length > 0) this.#replace();
    const kept = this.#queue.items.filter((item) => item.open || item.confirmedId).length;
    const room = Math.max(0, limit - kept);
    this.#tellLeftOut(limit, Math.max(0, files.length - room), unreadable);
    if (files.length === 0 || room === 0) return;
    for (const item of this.#queue.add(files.slice(0, room), this.#service(), this.#judge, this.#options))
      if (!item.refusal) this.#panel.announcer.tell("saidAdded", item);
  }

  /** Where there is room for one file, a new one takes the place of the old. */
  #replace(): void {
    for (const item of this.#queue.items) this.#queue.remove(item);
  }

  #tellLeftOut(limit: number, count: number, unreadable: number): void {
    const key = limit === 1 ? "onlyOne" : "tooMany";
    const sentence = (words: Words) =>
      [
        count > 0 ? words.say(key, { limit, count }) : "",
        unreadable > 0 ? words.say("unreadable", { count: unreadable }) : "",
      ].join(" ");
    this.#panel.notice.show(count + unreadable > 0 ? sentence : null);
    this.#draw();
  }

  #remove(item: Item): void {
    this.#panel.leave(item);
    this.#queue.remove(item);
  }

  #all(what: Bulk): void {
    const { items } = this.#queue;
    if (what === "clear") this.#panel.notice.show(null);
    for (const item of items) {
      if (what === "pauseAll") item.upload?.pause();
      if (what === "resumeAll") item.upload?.resume();
      if (what === "cancelAll") void item.upload?.abort();
      if (what === "retryAll") this.#queue.retry(item, this.#service(), this.#options);
      if (what === "clear") this.#queue.remove(item);
    }
  }

  #refresh(): void {
    this.#draw();
    this.#commit();
  }

  /** Something is new about an item: shown with the next frame, told at once. */
  #changed(item: Item): void {
    this.#draw();
    if (item.state === item.told) return;
    item.told = item.state;
    this.#news = true;
    this.#commit();
    this.#tell(item);
  }

  #tell(item: Item): void {
    const detail = detailOf(item);
    tell(this, "valet-state", detail);
    if (item.state === "confirmed") {
      this.#panel.announcer.tell("saidConfirmed", item);
      tell(this, "valet-confirmed", { ...detail, upload: item.snapshot?.upload as ConfirmedUpload });
    }
    if (item.failed) {
      this.#panel.announcer.tell("saidFailed", item);
      tell(this, "valet-error", { ...detail, error: item.snapshot?.error ?? null });
    }
  }

  /** The form and the listeners get to know what became of the changes. */
  #committed(): void {
    const totals = totalsOf(this.#queue.items);
    const { value } = this;
    this.#field.setValue(this.name, value);
    this.#field.setValidity(totals, this.required, this.#words, this.#panel.anchor);
    const news = this.#news;
    this.#news = false;
    if (news) tell(this, "valet-change", { value, items: this.items });
    const busy = totals.moving + totals.paused > 0;
    if (this.#busy && !busy) {
      const { confirmed, failed } = totals;
      tell(this, "valet-finished", { confirmed, failed });
    }
    this.#busy = busy;
  }

  #speak(): void {
    const around = this.closest("[lang]")?.getAttribute("lang");
    this.#words = new Words(chooseLanguage(around ? [around] : navigator.languages));
    this.#refresh();
  }

  #show(): void {
    const { multiple, folders, accept } = this;
    const { items } = this.#queue;
    const totals = totalsOf(items);
    this.#panel.update({
      items,
      totals,
      words: this.#words,
      multiple,
      folders,
      accept,
      disabled: !this.#usable,
      dragging: this.#dragging,
    });
    this.#panel.announcer.away(this.#panel.counting);
    if (this.#panel.counting)
      this.#ticking ??= setTimeout(() => {
        this.#ticking = null;
        this.#draw();
      }, TICK);
  }
}

reflect(ValetUpload, TEXT, FLAGS);
