/** An upload that was confirmed before this page was shown, as the service describes it. */
export interface EarlierUpload {
  readonly id: string;
  readonly filename: string;
  readonly path: string | null;
  readonly size: number | null;
}

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const MOST = 1000; // as many as the service takes at once

/** The ids in a `value`, each once: whatever stands between them, and whatever else is in it. */
export function idsIn(value: string, most: number): string[] {
  const found = (value.match(ID) ?? []).map((id) => id.toLowerCase());
  return [...new Set(found)].slice(0, Math.min(most, MOST));
}

/** What is done with answers. */
export interface EarlierHandlers {
  /** `asked` are answered: these of them are there, and all others are not */
  found(uploads: readonly EarlierUpload[], asked: readonly string[]): void;
  failed(): void;
}

/** The uploads of a form that is shown again. Those that nobody has described yet are `waiting`: in the value, and in no list. */
export class EarlierUploads {
  #named: readonly string[] = [];
  #waiting: readonly string[] = [];
  #looks = 0;
  readonly #handlers: EarlierHandlers;

  constructor(handlers: EarlierHandlers) {
    this.#handlers = handlers;
  }

  get waiting(): readonly string[] {
    return this.#waiting;
  }

  /**
   * The field names these ids now; returns those that it named before. `listed` are in the list already, and are not waited for. What the
   * user has removed does not come back.
   */
  name(ids: readonly string[], listed: readonly string[] = []): string[] {
    const before = this.#named;
    this.#named = ids;
    this.#looks++; // an answer on its way may be about what is named no more
    this.#waiting = ids.filter(
      (id) => !listed.includes(id) && (!before.includes(id) || this.#waiting.includes(id)),
    );
    return before.filter((id) => !ids.includes(id));
  }

  /** Forgets all that was named, so that it can be named anew. */
  forget(): void {
    this.#named = [];
    this.drop();
  }

  /** Takes those that are waiting out of the value. */
  drop(): void {
    this.#waiting = [];
    this.#looks++;
  }

  /** Asks for those that are waiting. Of two calls at once the later one counts; it never rejects. */
  async refresh(fetch: (ids: readonly string[]) => Promise<EarlierUpload[]>): Promise<void> {
    const asked = this.#waiting;
    if (asked.length === 0) return;
    const look = ++this.#looks;
    try {
      const uploads = await fetch(asked);
      if (look !== this.#looks) return;
      this.#waiting = [];
      const inOrder = asked.flatMap((id) => uploads.find((upload) => upload.id === id) ?? []);
      this.#handlers.found(inOrder, asked);
    } catch {
      if (look === this.#looks) this.#handlers.failed();
    }
  }
}
