import type { Words } from "../language/words";
import type { Bulk } from "../state/bulk-actions";
import type { Interrupted } from "../state/interrupted";
import type { Item } from "../state/item";
import type { Totals } from "../state/totals";
import { h, setAttribute } from "./dom";
import { Zone, type ZoneState } from "./drop-zone";
import { type InterruptedActions, InterruptedList } from "./interrupted-list";
import { List } from "./list";
import { Notice } from "./notice";
import type { Actions } from "./row";
import styles from "./styles.css";
import { Summary } from "./summary";

/** What the user does. */
export interface Doings extends Actions {
  add(files: File[]): void;
  interrupted: InterruptedActions;
  all(what: Bulk): void;
}

/** All that is shown at one moment. */
export interface Shown extends ZoneState {
  items: readonly Item[];
  interrupted: readonly Interrupted[];
  totals: Totals;
  words: Words;
}

let sheet: CSSStyleSheet | null = null;

/** Everything in the shadow root. It writes there when `update` is called, and at no other time. */
export class Panel {
  readonly notice = new Notice();
  readonly #root: ShadowRoot;
  readonly #zone: Zone;
  readonly #interrupted: InterruptedList;
  readonly #list: List;
  readonly #summary: Summary;
  readonly #live = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  readonly #frame: HTMLElement;

  constructor(root: ShadowRoot, doings: Doings) {
    this.#root = root;
    this.#zone = new Zone(doings.add);
    this.#interrupted = new InterruptedList(doings.interrupted);
    this.#list = new List(doings);
    this.#summary = new Summary(doings.all);
    this.#frame = h(
      "div",
      { class: "frame", part: "frame" },
      this.#zone.element,
      this.notice.element,
      this.#interrupted.element,
      this.#summary.element,
      this.#list.element,
      this.#list.more,
      this.#live,
    );
    root.adoptedStyleSheets = [sharedSheet()];
    root.append(this.#frame);
  }

  /** the button that is always there */
  get anchor(): HTMLButtonElement {
    return this.#zone.button;
  }

  /** whether a countdown is in sight */
  get counting(): boolean {
    return this.#list.waiting;
  }

  /** Has screen readers say `text`. */
  announce(text: string): void {
    this.#live.textContent = text;
  }

  pick(): void {
    this.#zone.pick();
  }

  /** Gives the focus to what stands beside an item that goes. */
  leave(item: Item): void {
    if (this.#root.activeElement?.closest(".row")) (this.#list.neighbour(item) ?? this.anchor).focus();
  }

  /** The same for an interrupted upload, where it has the focus. */
  leaveInterrupted(one: Interrupted): void {
    if (this.#interrupted.has(one, this.#root.activeElement))
      (this.#interrupted.neighbour(one) ?? this.anchor).focus();
  }

  update(shown: Shown): void {
    const { items, interrupted, totals, words, disabled, dragging } = shown;
    const focused = this.#root.activeElement;
    setAttribute(this.#frame, "lang", words.lang);
    setAttribute(this.#frame, "data-empty", items.length === 0);
    setAttribute(this.#frame, "data-dragging", dragging);
    this.#zone.update(shown, words);
    this.notice.update(words);
    this.#interrupted.update(interrupted, words, disabled);
    this.#summary.update(totals, words, disabled);
    this.#list.update(items, words, disabled, focused);
    this.#rescue(focused);
  }

  /** Where the button that had the focus is gone, and nothing else has taken it, the focus stays in the element. */
  #rescue(focused: Element | null): void {
    const now = this.#root.activeElement;
    if (!focused || (now !== null && now !== focused)) return;
    if (!focused.isConnected || (focused as HTMLElement).hidden) this.anchor.focus();
  }
}

/** One sheet for all elements on the page. */
function sharedSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
  }
  return sheet;
}
