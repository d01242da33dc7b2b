import type { FileOptions, UploadRecord } from "@valetkey/client";
import { Localizer } from "./language/localizer";
import { reflectAttributes, upgradeProperties } from "./page/attributes";
import { complaints } from "./page/complaints";
import { Destination, type TokenSource } from "./page/destination";
import { type DroppedFiles, handleOf } from "./page/dropped";
import { detailOf, type ItemDetail } from "./page/events";
import { FormControl } from "./page/form-control";
import { type GestureHandlers, watchDrags, watchInterest, watchPastes } from "./page/gestures";
import { languageAt, watchLanguage } from "./page/language";
import { type Blocked, watchPolicy } from "./page/policy";
import { Reporter } from "./page/reporter";
import { coalesced, oncePerFrame, whileVisible } from "./page/schedule";
import { offered } from "./state/accept";
import { Announcements } from "./state/announcements";
import type { BulkAction } from "./state/bulk-actions";
import { EarlierUploads, idsIn } from "./state/earlier";
import { type Held, heldBy } from "./state/held";
import { type InterruptedChange, type InterruptedItem, InterruptedUploads } from "./state/interrupted";
import type { Item } from "./state/item";
import { ItemList } from "./state/item-list";
import { type CheckedFile, Limits } from "./state/limits";
import { checkRules } from "./state/rules";
import { totalsOf } from "./state/totals";
import { Panel } from "./views/panel";

export type Metadata = Record<string, string>;

const TEXT = ["endpoint", "profile", "user", "accept", "name", "theme", "checksum", "max-files", "max-size"];
const FLAGS = ["multiple", "folders", "required", "disabled"];
const SERVICE = ["endpoint", "token", "profile", "user"];
const TICK = 1000; // ms: the seconds until the next attempt are counted down

/** `<valet-upload>`: a form field whose value is the ids of the uploads that were confirmed. */
export class ValetUpload extends FormControl {
  static readonly observedAttributes = [...TEXT, ...FLAGS, "lang", "token", "value"];

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

  /** sent with each file: the same for all, or a function of the file */
  metadata: Metadata | ((file: File) => Metadata) = {};

  #localizer = new Localizer("en");
  #held: Held | null = null; // what the form waits for
  #fieldsetDisabled = false; // by <fieldset disabled>
  #dragging = false;
  #reading = false;
  #ticking: ReturnType<typeof setTimeout> | null = null;
  #cleanups: Array<() => void> = [];
  readonly #destination = new Destination(this);
  readonly #complain = complaints();
  readonly #limits = new Limits(this, this.#complain);
  readonly #list = new ItemList(
    (item) => this.#itemChanged(item),
    () => this.#itemRemoved(),
  );
  readonly #interrupted = new InterruptedUploads((one, change) => this.#interruptedChanged(one, change));
  readonly #earlier = new EarlierUploads({
    found: (uploads, asked) => {
      const added = this.#list.addEarlier(uploads);
      for (const { name } of added) this.#announcements.add("saidEarlier", name);
      this.#showEarlierTrouble(0);
      if (asked.length > 0) this.#reporter.noteChange();
      this.#requestUpdate();
    },
    failed: () => this.#showEarlierTrouble(this.#earlier.waiting.length),
  });
  #earlierTrouble = false; // the notice is about them
  readonly #panel: Panel;
  readonly #announcements = new Announcements(
    () => this.#localizer,
    (text) => this.#panel.announce(text),
  );
  readonly #reporter: Reporter;
  readonly #requestRender = oncePerFrame(() => this.#render());
  readonly #scheduleCommit = coalesced(
    () => this.#commit(),
    () => this.#list.size,
  );
  readonly #scheduleRefresh = coalesced(
    () => {
      this.#refreshInterrupted();
      this.#refreshEarlier();
    },
    () => 0,
  );

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    const actions = {
      add: (files: File[]) => this.add(files),
      toggle: (item: Item) => (item.state === "paused" ? item.upload?.resume() : item.upload?.pause()),
      retry: (item: Item) => this.#list.retry(item, this.#destination.uploader),
      end: (item: Item) => (item.open && item.upload ? this.#list.cancel(item) : this.#remove(item)),
      all: (what: BulkAction) => this.#applyToAll(what),
      interrupted: {
        resume: (one: InterruptedItem, file: File | null) => void this.#resume(one, file),
        discard: (all: readonly InterruptedItem[]) => {
          for (const one of all) void this.#interrupted.discard(one, this.#destination.uploader);
        },
      },
    };
    this.#panel = new Panel(root, actions);
    this.#reporter = new Reporter(this, this.#announcements);
    watchDrags(this, this.#gestures);
    watchInterest(this, () => void this.#loadRules());
  }

  /** a ticket from `POST /v1/tickets`, or a function that gets one; null if the service requires none */
  get token(): TokenSource | null {
    return this.#destination.token;
  }

  set token(token: TokenSource | null) {
    this.#destination.token = token;
    this.#scheduleRefresh();
  }

  /** the ids of the confirmed uploads, in the order of the list; those first that the attribute names, and nobody has described yet */
  get value(): string[] {
    return [...this.#earlier.waiting, ...this.#list.items.flatMap((item) => item.confirmedId ?? [])];
  }

  /** Shows uploads that are confirmed already, as the attribute does. */
  set value(ids: string | Iterable<string>) {
    this.setAttribute("value", typeof ids === "string" ? ids : [...ids].join(" "));
  }

  /** every file in the list */
  get items(): ItemDetail[] {
    return this.#list.items.map(detailOf);
  }

  /** Opens the browser's dialogue; only in a click or key handler. */
  pick(): void {
    if (this.#usable) this.#panel.pick();
  }

  /** Adds files as if they had been dropped. */
  add(files: Iterable<File>): void {
    this.#addFiles({ files: Array.from(files), unreadable: 0 });
  }

  pauseAll(): void {
    this.#applyToAll("pauseAll");
  }

  resumeAll(): void {
    this.#applyToAll("resumeAll");
  }

  retryAll(): void {
    this.#applyToAll("retryAll");
  }

  /** Removes the files that were not uploaded: those that failed, and those that were refused. */
  removeFailed(): void {
    this.#applyToAll("removeFailed");
  }

  cancelAll(): void {
    this.#applyToAll("cancelAll");
  }

  /** Removes every file from the list; running uploads are aborted. Confirmed uploads stay at the service. */
  clear(): void {
    this.#applyToAll("clear");
  }

  connectedCallback(): void {
    upgradeProperties(this);
    this.#cleanups = [
      watchPastes(this, this.#gestures),
      watchLanguage(this, () => this.#updateLanguage()),
      whileVisible(this.#scheduleRefresh),
      watchPolicy(
        this,
        () => this.#list.items.some((item) => item.open),
        (blocked) => this.#showBlocked(blocked),
      ),
    ];
    this.#updateLanguage();
  }

  disconnectedCallback(): void {
    for (const leave of this.#cleanups) leave();
  }

  adoptedCallback(): void {
    this.#panel.dress();
  }

  attributeChangedCallback(name: string): void {
    if (name === "lang") this.#updateLanguage();
    if (name === "value") this.#scheduleRefresh();
    if (SERVICE.includes(name)) {
      this.#destination.reset();
      this.#scheduleRefresh();
    }
    this.#requestUpdate();
  }

  formDisabledCallback(disabled: boolean): void {
    this.#fieldsetDisabled = disabled;
    this.#requestRender();
  }

  /** As in other fields, what the page came with is there again. */
  formResetCallback(): void {
    this.clear();
    this.#earlier.forget();
    this.#scheduleRefresh();
  }

  readonly #gestures: GestureHandlers = {
    usable: () => this.#usable,
    dragging: (over) => {
      this.#dragging = over;
      this.#requestRender();
    },
    reading: (now) => {
      this.#reading = now;
      this.#requestRender();
    },
    dropped: (dropped) => {
      this.#addFiles(dropped);
      if (dropped.files.length + dropped.unreadable > 0) return;
      this.#panel.notice.show((localizer) => localizer.text("nothingInIt"));
      this.#requestRender();
    },
  };

  readonly #options = (file: File): FileOptions => {
    const metadata = typeof this.metadata === "function" ? this.metadata(file) : this.metadata;
    const handle = handleOf(file);
    const { checksum } = this;
    const known = checksum === "sha256" || checksum === "crc64nvme";
    if (checksum && !known)
      this.#complain(`checksum="${checksum}" sends none: it has to be sha256 or crc64nvme.`);
    return { metadata, ...(known && { checksum }), ...(handle && { handle }) };
  };

  get #usable(): boolean {
    return !this.disabled && !this.#fieldsetDisabled;
  }

  #addFiles({ files, unreadable }: DroppedFiles): void {
    if (!this.#usable) return;
    if (files.length > 0) this.#makeRoom();
    const room = this.#roomFor(files.length, unreadable);
    if (room === 0) return;
    const { uploader, rules } = this.#destination;
    const check = (file: CheckedFile) => this.#limits.check(file) ?? checkRules(rules.known, file);
    const items = this.#list.add(files.slice(0, room), check, this.#options, rules.settled ? uploader : null);
    if (rules.settled) this.#announce(items);
    else
      void this.#loadRules().then(() => {
        this.#list.start(items, check, uploader);
        this.#announce(items);
      });
  }

  #announce(items: readonly Item[]): void {
    for (const item of items) if (!item.refusal) this.#announcements.add("saidAdded", item.name);
  }

  /** Asks once for what the profile takes, so that a wrong file is refused without a call, and not offered in the dialogue. */
  async #loadRules(): Promise<void> {
    if (!this.#usable) return;
    await this.#destination.rules.load();
    this.#requestRender();
  }

  /** A field for one file replaces it by a new one. */
  #makeRoom(): void {
    if (this.multiple) return;
    this.#earlier.drop();
    for (const item of this.#list.items) this.#list.remove(item);
  }

  /** How many of `count` files are accepted; shows a notice if not all are. */
  #roomFor(count: number, unreadable = 0): number {
    const kept = this.#list.items.filter((item) => item.open || item.confirmedId).length;
    const room = Math.min(count, Math.max(0, this.#limits.maxFiles - kept - this.#earlier.waiting.length));
    this.#panel.notice.show(this.#limits.describeLeftOut(count - room, unreadable));
    this.#requestRender();
    return room;
  }

  #showBlocked({ directive, url }: Blocked): void {
    this.#panel.notice.show((localizer) => localizer.text("policyBlocked", { directive, url }));
    this.#requestRender();
  }

  #remove(item: Item): void {
    this.#panel.moveFocusFrom(item);
    this.#list.remove(item);
  }

  #applyToAll(what: BulkAction): void {
    if (what === "clear") {
      this.#panel.notice.show(null);
      this.#earlier.drop();
    }
    this.#list.applyToAll(what, this.#destination.uploader);
  }

  /** Loads interrupted uploads: those that this field would accept, and that are not in its list. */
  #refreshInterrupted(): void {
    if (!this.isConnected) return;
    const wanted = ({ id, profile, file }: UploadRecord) =>
      profile === this.profile &&
      !this.#limits.check(file) &&
      !this.#list.items.some(({ uploadId }) => uploadId === id);
    void this.#interrupted.refresh(this.#destination.uploader, wanted);
  }

  /** Looks up what the attribute names, as far as that has not been done; removes what it names no more. */
  #refreshEarlier(): void {
    if (!this.isConnected) return;
    const listed = this.#list.items.flatMap((item) => item.confirmedId ?? []);
    const gone = this.#earlier.name(idsIn(this.getAttribute("value") ?? "", this.#limits.maxFiles), listed);
    for (const item of this.#list.items)
      if (item.uploadId !== null && item.confirmedId && gone.includes(item.uploadId)) this.#list.remove(item);
    this.#requestUpdate();
    void this.#earlier.refresh((ids) => this.#destination.earlier(ids));
  }

  #showEarlierTrouble(count: number): void {
    if (count === 0 && !this.#earlierTrouble) return;
    this.#earlierTrouble = count > 0;
    this.#panel.notice.show(count > 0 ? (localizer) => localizer.text("notLookedUp", { count }) : null);
    this.#requestRender();
  }

  async #resume(one: InterruptedItem, file: File | null): Promise<void> {
    if (this.multiple && this.#roomFor(1) === 0) return;
    const upload = await this.#interrupted.resume(one, this.#destination.uploader, file);
    if (!upload) return;
    this.#makeRoom();
    const item = this.#list.addInterrupted(upload, one.record);
    this.#announcements.add("saidAdded", item.name);
  }

  #interruptedChanged(one: InterruptedItem, change: InterruptedChange): void {
    this.#reporter.reportInterrupted(one, change);
    if (change === "discarded" || change === "gone") this.#panel.moveFocusFromInterrupted(one);
    this.#requestRender();
  }

  #requestUpdate(): void {
    this.#requestRender();
    this.#scheduleCommit();
  }

  /** An item has changed: reported at once, shown with the next frame. */
  #itemChanged(item: Item): void {
    this.#requestRender();
    if (item.uploadId) this.#interrupted.forget(item.uploadId);
    if (this.#reporter.reportState(item)) this.#scheduleCommit();
  }

  #itemRemoved(): void {
    this.#reporter.noteChange();
    this.#requestUpdate();
  }

  /** Updates the form, and reports the changes to listeners. */
  #commit(): void {
    const { items } = this.#list;
    const totals = totalsOf(items);
    const { value } = this;
    this.setEntries(this.name, value);
    this.#held = heldBy(items, totals, this.required && this.#earlier.waiting.length === 0, this.#localizer);
    this.setValidity(this.#held, this.#panel.anchorOf(this.#held?.item));
    this.#reporter.commit(value, items, totals);
  }

  #updateLanguage(): void {
    this.#localizer = new Localizer(languageAt(this));
    this.#requestUpdate();
  }

  #render(): void {
    const { multiple, folders, accept } = this;
    const { items } = this.#list;
    this.#panel.update({
      items,
      interrupted: this.#interrupted.list,
      totals: totalsOf(items),
      localizer: this.#localizer,
      multiple,
      folders,
      accept: offered(accept, this.#destination.types),
      disabled: !this.#usable,
      dragging: this.#dragging,
      reading: this.#reading,
    });
    this.setValidity(this.#held, this.#panel.anchorOf(this.#held?.item)); // its row may have come or gone
    this.#announcements.setWaiting(this.#panel.hasCountdown);
    if (this.#panel.hasCountdown)
      this.#ticking ??= setTimeout(() => {
        this.#ticking = null;
        this.#requestRender();
      }, TICK);
  }
}

reflectAttributes(ValetUpload, TEXT, FLAGS);
