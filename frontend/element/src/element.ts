import type { FileOptions, UploadRecord } from "@valetkey/client";
import { Words } from "./language/words";
import { reflect, upgrade } from "./page/attributes";
import { Destination, type TokenSource } from "./page/destination";
import { type Dropped, handleOf } from "./page/dropped";
import { detailOf, type ItemDetail } from "./page/events";
import { FormControl } from "./page/form-control";
import { type Gestures, watchDrags, watchPastes } from "./page/gestures";
import { languageAt, watchLanguage } from "./page/language";
import { Reporter } from "./page/reporter";
import { perFrame, soon, whileSeen } from "./page/schedule";
import { Announcements } from "./state/announcements";
import type { Bulk } from "./state/bulk-actions";
import { type Interrupted, type InterruptedChange, InterruptedUploads } from "./state/interrupted";
import type { Item } from "./state/item";
import { Queue } from "./state/item-list";
import { Limits } from "./state/limits";
import { totalsOf } from "./state/totals";
import { Panel } from "./views/panel";

export type Metadata = Record<string, string>;

const TEXT = ["endpoint", "profile", "user", "accept", "name", "theme", "checksum", "max-files", "max-size"];
const FLAGS = ["multiple", "folders", "required", "disabled"];
const SERVICE = ["endpoint", "token", "profile", "user"];
const TICK = 1000; // ms: the seconds until the next attempt are counted down

/** `<valet-upload>`: a form field whose value is the ids of the uploads that were confirmed. */
export class ValetUpload extends FormControl {
  static readonly observedAttributes = [...TEXT, ...FLAGS, "lang", "token"];

  declare endpoint: string;
  declare profile: string;
  declare user: string;
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

  #words = new Words("en");
  #barred = false; // by a <fieldset disabled>
  #dragging = false;
  #reading = false;
  #ticking: ReturnType<typeof setTimeout> | null = null;
  #away: Array<() => void> = [];
  readonly #destination = new Destination(this);
  readonly #limits = new Limits(this);
  readonly #queue = new Queue(
    (item) => this.#changed(item),
    () => this.#removed(),
  );
  readonly #interrupted = new InterruptedUploads((one, change) => this.#interruptedChanged(one, change));
  readonly #panel: Panel;
  readonly #announcements = new Announcements(
    () => this.#words,
    (text) => this.#panel.announce(text),
  );
  readonly #reporter: Reporter;
  readonly #draw = perFrame(() => this.#show());
  readonly #commit = soon(
    () => this.#committed(),
    () => this.#queue.size,
  );
  readonly #look = soon(
    () => this.#lookBack(),
    () => 0,
  );

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    const doings = {
      add: (files: File[]) => this.add(files),
      toggle: (item: Item) => (item.state === "paused" ? item.upload?.resume() : item.upload?.pause()),
      retry: (item: Item) => this.#queue.retry(item, this.#destination.uploader),
      end: (item: Item) => (item.open ? void item.upload?.abort() : this.#remove(item)),
      all: (what: Bulk) => this.#all(what),
      interrupted: {
        resume: (one: Interrupted, file: File | null) => void this.#resume(one, file),
        discard: (all: readonly Interrupted[]) => {
          for (const one of all) void this.#interrupted.discard(one, this.#destination.uploader);
        },
      },
    };
    this.#panel = new Panel(root, doings);
    this.#reporter = new Reporter(this, this.#announcements);
    watchDrags(this, this.#gestures);
  }

  /** a ticket of `POST /v1/tickets`, or a function that gets one; null where the service asks for none */
  get token(): TokenSource | null {
    return this.#destination.token;
  }

  set token(token: TokenSource | null) {
    this.#destination.token = token;
    this.#look();
  }

  /** the ids of the confirmed uploads, in the order of the list */
  get value(): string[] {
    return this.#queue.items.flatMap((item) => item.confirmedId ?? []);
  }

  /** every file in the list */
  get items(): ItemDetail[] {
    return this.#queue.items.map(detailOf);
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
    this.#away = [
      watchPastes(this, this.#gestures),
      watchLanguage(() => this.#speak()),
      whileSeen(this.#look),
    ];
    this.#speak();
  }

  disconnectedCallback(): void {
    for (const leave of this.#away) leave();
  }

  attributeChangedCallback(name: string): void {
    if (name === "lang") this.#speak();
    if (SERVICE.includes(name)) {
      this.#destination.renew();
      this.#look();
    }
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
    reading: (now) => {
      this.#reading = now;
      this.#draw();
    },
    dropped: (dropped) => {
      this.#take(dropped);
      if (dropped.files.length + dropped.unreadable > 0) return;
      this.#panel.notice.show((words) => words.say("nothingInIt"));
      this.#draw();
    },
  };

  readonly #options = (file: File): FileOptions => {
    const metadata = typeof this.metadata === "function" ? this.metadata(file) : this.metadata;
    const handle = handleOf(file);
    return { metadata, ...(this.checksum === "sha256" && { checksum: "sha256" }), ...(handle && { handle }) };
  };

  get #usable(): boolean {
    return !this.disabled && !this.#barred;
  }

  #take({ files, unreadable }: Dropped): void {
    if (!this.#usable) return;
    if (files.length > 0) this.#replace();
    const room = this.#room(files.length, unreadable);
    if (room === 0) return;
    for (const item of this.#queue.add(
      files.slice(0, room),
      this.#destination.uploader,
      this.#limits.judge,
      this.#options,
    ))
      if (!item.refusal) this.#announcements.add("saidAdded", item.name);
  }

  /** Where there is room for one file, a new one takes the place of the old. */
  #replace(): void {
    if (!this.multiple) for (const item of this.#queue.items) this.#queue.remove(item);
  }

  /** How many of `count` files are taken; says so where not all are. */
  #room(count: number, unreadable = 0): number {
    const kept = this.#queue.items.filter((item) => item.open || item.confirmedId).length;
    const room = Math.min(count, Math.max(0, this.#limits.most - kept));
    this.#panel.notice.show(this.#limits.leftOut(count - room, unreadable));
    this.#draw();
    return room;
  }

  #remove(item: Item): void {
    this.#panel.leave(item);
    this.#queue.remove(item);
  }

  #all(what: Bulk): void {
    if (what === "clear") this.#panel.notice.show(null);
    this.#queue.all(what, this.#destination.uploader);
  }

  /** Looks for uploads that earlier pages left: those that this field would have taken, and that are not in its list. */
  #lookBack(): void {
    if (!this.isConnected) return;
    const wanted = ({ id, profile, file }: UploadRecord) =>
      profile === this.profile &&
      !this.#limits.judge(file) &&
      !this.#queue.items.some(({ uploadId }) => uploadId === id);
    void this.#interrupted.look(this.#destination.uploader, wanted);
  }

  async #resume(one: Interrupted, file: File | null): Promise<void> {
    if (this.multiple && this.#room(1) === 0) return;
    const upload = await this.#interrupted.resume(one, this.#destination.uploader, file);
    if (!upload) return;
    this.#replace();
    const item = this.#queue.adopt(upload, one.record);
    this.#announcements.add("saidAdded", item.name);
  }

  #interruptedChanged(one: Interrupted, change: InterruptedChange): void {
    this.#reporter.interrupted(one, change);
    if (change === "discarded" || change === "gone") this.#panel.leaveInterrupted(one);
    this.#draw();
  }

  #refresh(): void {
    this.#draw();
    this.#commit();
  }

  /** Something is new about an item: shown with the next frame, told at once. */
  #changed(item: Item): void {
    this.#draw();
    if (item.uploadId) this.#interrupted.forget(item.uploadId);
    if (this.#reporter.moved(item)) this.#commit();
  }

  #removed(): void {
    this.#reporter.changed();
    this.#refresh();
  }

  /** The form and the listeners get to know what became of the changes. */
  #committed(): void {
    const { items } = this.#queue;
    const totals = totalsOf(items);
    const { value } = this;
    this.setEntries(this.name, value);
    this.setValidity(totals, this.required, this.#words, this.#panel.anchor);
    this.#reporter.commit(value, items, totals);
  }

  #speak(): void {
    this.#words = new Words(languageAt(this));
    this.#refresh();
  }

  #show(): void {
    const { multiple, folders, accept } = this;
    const { items } = this.#queue;
    this.#panel.update({
      items,
      interrupted: this.#interrupted.list,
      totals: totalsOf(items),
      words: this.#words,
      multiple,
      folders,
      accept,
      disabled: !this.#usable,
      dragging: this.#dragging,
      reading: this.#reading,
    });
    this.#announcements.setWaiting(this.#panel.counting);
    if (this.#panel.counting)
      this.#ticking ??= setTimeout(() => {
        this.#ticking = null;
        this.#draw();
      }, TICK);
  }
}

reflect(ValetUpload, TEXT, FLAGS);
