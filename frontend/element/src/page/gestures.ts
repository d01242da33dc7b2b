import { type Dropped, droppedFiles } from "./dropped";

/** What drags and pastes lead to. */
export interface Gestures {
  usable(): boolean;
  dragging(over: boolean): void;
  /** whether what was dropped is being looked through, which takes a while */
  reading(now: boolean): void;
  dropped(dropped: Dropped): void;
}

const SLOW = 300; // ms
const EDITABLE = "input, textarea, select, [contenteditable]";

/** Follows files that are dragged over `host`. Lives as long as it. */
export function watchDrags(host: HTMLElement, gestures: Gestures): void {
  let depth = 0; // each child that the pointer comes to is entered before the last is left
  const over = (event: DragEvent, change: number) => {
    if (!carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    depth = Math.max(0, depth + change);
    if (event.dataTransfer) event.dataTransfer.dropEffect = gestures.usable() ? "copy" : "none";
    gestures.dragging(depth > 0 && gestures.usable());
  };
  host.addEventListener("dragenter", (event) => over(event, 1));
  host.addEventListener("dragover", (event) => over(event, 0));
  host.addEventListener("dragleave", (event) => over(event, -1));
  host.addEventListener("drop", (event) => {
    over(event, -depth);
    if (event.dataTransfer && gestures.usable()) void gather(event.dataTransfer, gestures);
  });
}

/** Takes files that are pasted anywhere on the page, but into a text field. The answer ends it. */
export function watchPastes(host: HTMLElement, gestures: Gestures): () => void {
  const paste = (event: ClipboardEvent) => {
    if (event.defaultPrevented || !carriesFiles(event.clipboardData) || !gestures.usable()) return;
    if (!isFor(host, event.composedPath()) || !event.clipboardData) return;
    event.preventDefault(); // another element on the page does not take them, too
    void gather(event.clipboardData, gestures);
  };
  document.addEventListener("paste", paste);
  return () => document.removeEventListener("paste", paste);
}

async function gather(transfer: DataTransfer, gestures: Gestures): Promise<void> {
  const slow = setTimeout(() => gestures.reading(true), SLOW);
  const dropped = await droppedFiles(transfer);
  clearTimeout(slow);
  gestures.reading(false);
  gestures.dropped(dropped);
}

function carriesFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes("Files") ?? false;
}

/** Not when the focus is in a text field, or in another element of our kind. */
function isFor(host: HTMLElement, path: EventTarget[]): boolean {
  if (path.includes(host)) return true;
  return !path.some(
    (node) => node instanceof Element && (node.matches(EDITABLE) || node.localName === host.localName),
  );
}
