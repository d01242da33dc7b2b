import { chooseLanguage, onTranslation } from "../language/messages";

/** The language at `element`: that of the nearest `lang` around it, also outside of a shadow root, else the browser's. */
export function languageAt(element: Element): string {
  const around = nearest(element);
  return chooseLanguage(around ? [around] : navigator.languages);
}

/** Calls `changed` when a `lang` around `element` changes, or a translation is added, until the returned function is called. */
export function watchLanguage(element: Element, changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(element.ownerDocument.documentElement, { attributeFilter: ["lang"], subtree: true });
  const leave = onTranslation(changed);
  return () => {
    observer.disconnect();
    leave();
  };
}

function nearest(element: Element): string | null {
  const found = element.closest("[lang]");
  if (found) return found.getAttribute("lang");
  const root = element.getRootNode();
  return "host" in root ? nearest((root as ShadowRoot).host) : null;
}
