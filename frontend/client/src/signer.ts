import { ValetKeyError } from "./errors";
import { usable } from "./freshness";
import type { SignedPart } from "./wire";

interface Held {
  part: SignedPart;
  since: number;
}

/** Gets parts signed just before they are sent, a few at a time. */
export class PartSigner {
  readonly #sign: (numbers: number[]) => Promise<SignedPart[]>;
  readonly #held = new Map<number, Held>();
  #signing: Promise<void> | null = null;

  constructor(sign: (numbers: number[]) => Promise<SignedPart[]>, first: SignedPart[]) {
    this.#sign = sign;
    this.#hold(first);
  }

  /** `number`, signed. When it has to be, those `upcoming` are signed in the same call. */
  async take(number: number, upcoming: number[]): Promise<SignedPart> {
    for (let tries = 0; tries < 3; tries++) {
      const held = this.#held.get(number);
      if (held && usable(held.part, held.since)) return held.part;
      this.#signing ??= this.#fetch([number, ...upcoming]).finally(() => {
        this.#signing = null;
      });
      await this.#signing;
    }
    throw new ValetKeyError("unexpected_answer", `The service did not sign part ${number}.`);
  }

  /** Forgets a signature that S3 did not take, or that is used up. */
  drop(number: number): void {
    this.#held.delete(number);
  }

  async #fetch(numbers: number[]): Promise<void> {
    const wanted = numbers.filter((number, index) => index === 0 || !this.#held.has(number));
    this.#hold(await this.#sign(wanted));
  }

  #hold(parts: SignedPart[]): void {
    const since = Date.now();
    for (const part of parts) this.#held.set(part.number, { part, since });
  }
}
