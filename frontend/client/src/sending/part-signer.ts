import { ValetKeyError } from "../model/errors";
import type { SignedPart } from "../model/wire";
import { isUsable } from "./signature-age";

interface HeldSignature {
  part: SignedPart;
  since: number;
}

/** Gets parts signed just before they are sent, a few at a time. */
export class PartSigner {
  readonly #sign: (numbers: number[]) => Promise<SignedPart[]>;
  readonly #held = new Map<number, HeldSignature>();
  readonly #wanted = new Set<number>();
  #signing: Promise<void> | null = null;

  constructor(sign: (numbers: number[]) => Promise<SignedPart[]>, first: SignedPart[]) {
    this.#sign = sign;
    this.#hold(first);
  }

  /** Part `number`, signed. A call for it includes the parts `upcoming`, and those that others wait for. */
  async take(number: number, upcoming: number[]): Promise<SignedPart> {
    let part = this.#usable(number);
    if (part) return part;
    for (const next of upcoming) if (!this.#held.has(next)) this.#wanted.add(next);
    this.#wanted.add(number);
    await this.#signing?.catch(() => {}); // a running call does not include this part
    part = this.#usable(number);
    if (part) return part;
    this.#signing ??= this.#fetch().finally(() => {
      this.#signing = null;
    });
    await this.#signing;
    part = this.#usable(number);
    if (part) return part;
    throw new ValetKeyError("unexpected_answer", `The service did not sign part ${number}.`);
  }

  /** Discards a signature that S3 refused, or that has been used. */
  drop(number: number): void {
    this.#held.delete(number);
  }

  #usable(number: number): SignedPart | null {
    const held = this.#held.get(number);
    return held && isUsable(held.part, held.since) ? held.part : null;
  }

  async #fetch(): Promise<void> {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    this.#hold(await this.#sign(wanted));
  }

  #hold(parts: SignedPart[]): void {
    const since = Date.now();
    for (const part of parts) this.#held.set(part.number, { part, since });
  }
}
