type Child = Node | string;
type Attributes = Record<string, string | boolean | undefined>;

/** A new element. Text goes in as text nodes only, so that no file name is ever read as HTML. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) setAttribute(element, key, value);
  element.append(...children);
  return element;
}

/** Sets or, with false and undefined, removes an attribute; touches nothing when it is so already. */
export function setAttribute(element: Element, name: string, value: string | boolean | undefined): void {
  if (value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : value;
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Sets a text; touches nothing when it is there already. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A drawing of strokes in a box of 24 by 24. Hidden from screen readers: names stand beside it. */
export function icon(path: string): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const shape = svg.appendChild(document.createElementNS(namespace, "path"));
  shape.setAttribute("d", path);
  return svg;
}

/** Draws something else in an icon. */
export function setIcon(svg: SVGSVGElement, path: string): void {
  const shape = svg.firstElementChild;
  if (shape) setAttribute(shape, "d", path);
}
