import type { Localizer } from "../language/localizer";
import type { BulkAction } from "../state/bulk-actions";
import type { InterruptedItem } from "../state/interrupted";
import type { Item } from "../state/item";
import type { Totals } from "../state/totals";
import { h, setAttribute } from "./dom";
import { DropZone, type DropZoneState } from "./drop-zone";
import { type InterruptedActions, InterruptedListView } from "./interrupted-list-view";
import { ListView } from "./list-view";
import { NoticeView } from "./notice-view";
import type { RowActions } from "./row-view";
import styles from "./styles.css";
import { SummaryView } from "./summary-view";

/** What the user can do. */
export interface PanelActions extends RowActions {
  add(files: File[]): void;
  interrupted: InterruptedActions;
  all(what: BulkAction): void;
}

/** Everything that is shown at one moment. */
export interface PanelState extends DropZoneState {
  items: readonly Item[];
  interrupted: readonly InterruptedItem[];
  totals: Totals;
  localizer: Localizer;
}

const sheets = new WeakMap<Document, CSSStyleSheet>();

/** Everything in the shadow root. It changes only when `update` is called. */
export class Panel {
  readonly notice = new NoticeView();
  readonly #root: ShadowRoot;
  readonly #zone: DropZone;
  readonly #interrupted: InterruptedListView;
  readonly #list: ListView;
  readonly #summary: SummaryView;
  readonly #live = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  readonly #frame: HTMLElement;

  constructor(root: ShadowRoot, actions: PanelActions) {
    this.#root = root;
    this.#zone = new DropZone(actions.add);
    this.#interrupted = new InterruptedListView(actions.interrupted);
    this.#list = new ListView(actions);
    this.#summary = new SummaryView(actions.all);
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
    root.append(this.#frame);
    this.dress();
  }

  /** Puts the styles on, which another document takes off: it wants sheets of its own. */
  dress(): void {
    this.#root.adoptedStyleSheets = [sheetOf(this.#root.ownerDocument)];
  }

  /** the button that is always visible */
  get anchor(): HTMLButtonElement {
    return this.#zone.button;
  }

  /** The button by which the user decides about this item; the one that is always visible where its row is not. */
  anchorOf(item: Item | undefined): HTMLButtonElement {
    return (item && this.#list.decision(item)) ?? this.anchor;
  }

  /** whether a countdown is visible */
  get hasCountdown(): boolean {
    return this.#list.hasCountdown;
  }

  /** Has screen readers say `text`. */
  announce(text: string): void {
    this.#live.textContent = text;
  }

  pick(): void {
    this.#zone.pick();
  }

  /** Moves the focus from an item that is removed to the one beside it. */
  moveFocusFrom(item: Item): void {
    if (this.#root.activeElement?.closest(".row")) (this.#list.neighbour(item) ?? this.anchor).focus();
  }

  /** The same for an interrupted upload, if it has the focus. */
  moveFocusFromInterrupted(one: InterruptedItem): void {
    if (this.#interrupted.has(one, this.#root.activeElement))
      (this.#interrupted.neighbour(one) ?? this.anchor).focus();
  }

  update(shown: PanelState): void {
    const { items, interrupted, totals, localizer, disabled, dragging } = shown;
    const focused = this.#root.activeElement;
    setAttribute(this.#frame, "lang", localizer.lang);
    setAttribute(this.#frame, "data-empty", items.length === 0);
    setAttribute(this.#frame, "data-dragging", dragging);
    this.#zone.update(shown, localizer);
    this.notice.update(localizer);
    this.#interrupted.update(interrupted, localizer, disabled);
    this.#summary.update(totals, localizer, disabled);
    this.#list.update(items, localizer, disabled, focused);
    this.#rescue(focused);
  }

  /** Keeps the focus in the element when the button that had it is removed or hidden. */
  #rescue(focused: Element | null): void {
    const now = this.#root.activeElement;
    if (!focused || (now !== null && now !== focused)) return;
    if (!focused.isConnected || focused.closest("[hidden]")) this.anchor.focus();
  }
}

/** One sheet for all elements of a document. */
function sheetOf(document: Document): CSSStyleSheet {
  const known = sheets.get(document);
  if (known) return known;
  const { CSSStyleSheet: Sheet } = document.defaultView ?? globalThis;
  const sheet = new Sheet();
  sheet.replaceSync(styles);
  sheets.set(document, sheet);
  return sheet;
}
