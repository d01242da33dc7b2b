import { type DroppedFiles, readDroppedFiles } from "./dropped";

/** Called for drags and pastes. */
export interface GestureHandlers {
  usable(): boolean;
  dragging(over: boolean): void;
  /** whether dropped folders are being read, which takes a while */
  reading(now: boolean): void;
  dropped(dropped: DroppedFiles): void;
}

const SLOW = 300; // ms
const EDITABLE = "input, textarea, select, [contenteditable]";

/** Watches for files dragged over `host`, for as long as it exists. */
export function watchDrags(host: HTMLElement, gestures: GestureHandlers): void {
  let depth = 0; // each child is entered before the previous one is left
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
    if (event.dataTransfer && gestures.usable()) void readFiles(event.dataTransfer, gestures);
  });
}

/** Calls `wake` when somebody may be about to add a file to `host`. */
export function watchInterest(host: HTMLElement, wake: () => void): void {
  for (const sign of ["pointerdown", "focusin", "dragenter"]) host.addEventListener(sign, wake);
}

/** Watches for files pasted anywhere on the page but into a text field, until the returned function is called. */
export function watchPastes(host: HTMLElement, gestures: GestureHandlers): () => void {
  const paste = (event: ClipboardEvent) => {
    if (event.defaultPrevented || !carriesFiles(event.clipboardData) || !gestures.usable()) return;
    if (!isFor(host, event.composedPath()) || !event.clipboardData) return;
    event.preventDefault(); // no other element on the page takes them as well
    void readFiles(event.clipboardData, gestures);
  };
  const { ownerDocument } = host; // that of a frame, perhaps
  ownerDocument.addEventListener("paste", paste);
  return () => ownerDocument.removeEventListener("paste", paste);
}

async function readFiles(transfer: DataTransfer, gestures: GestureHandlers): Promise<void> {
  const slow = setTimeout(() => gestures.reading(true), SLOW);
  const dropped = await readDroppedFiles(transfer);
  clearTimeout(slow);
  gestures.reading(false);
  gestures.dropped(dropped);
}

function carriesFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes("Files") ?? false;
}

/** Whether a paste is for `host`: not if the focus is in a text field, or in another upload element, nor if nobody can see it. */
function isFor(host: HTMLElement, path: EventTarget[]): boolean {
  if (path.includes(host)) return true;
  if (host.getClientRects().length === 0 || host.closest("[inert]")) return false;
  return !path.some(
    (node) => isElement(node) && (node.matches(EDITABLE) || node.localName === host.localName),
  );
}

/** Whether it is an element, also of another window, whose classes are others. */
function isElement(node: EventTarget): node is Element {
  return (node as Node).nodeType === Node.ELEMENT_NODE;
}
