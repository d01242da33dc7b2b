/** Defines properties that reflect attributes: `text` strings, `flags` booleans. */
export function reflectAttributes(
  target: typeof HTMLElement,
  text: readonly string[],
  flags: readonly string[],
): void {
  for (const name of text) {
    Object.defineProperty(target.prototype, camel(name), {
      configurable: true,
      enumerable: true,
      get(this: HTMLElement) {
        return this.getAttribute(name) ?? "";
      },
      set(this: HTMLElement, value: unknown) {
        if (value === null || value === undefined) this.removeAttribute(name);
        else this.setAttribute(name, String(value));
      },
    });
  }
  for (const name of flags) {
    Object.defineProperty(target.prototype, camel(name), {
      configurable: true,
      enumerable: true,
      get(this: HTMLElement) {
        return this.hasAttribute(name);
      },
      set(this: HTMLElement, value: unknown) {
        this.toggleAttribute(name, Boolean(value));
      },
    });
  }
}

/** Sets the properties again that a framework set before the class was defined. */
export function upgradeProperties(element: HTMLElement): void {
  const bag = element as unknown as Record<string, unknown>;
  for (const name of Object.keys(element)) {
    const value = bag[name];
    delete bag[name];
    bag[name] = value;
  }
}

function camel(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
