/** How much of an upload is sent. */
export interface Progress {
  /** bytes that S3 has or is receiving; those of a failed request are subtracted again */
  sent: number;
  /** bytes of the file */
  total: number;
  /** 0 to 1 */
  fraction: number;
  /** bytes per second over the last seconds; 0 while nothing is sent */
  speed: number;
  /** seconds; null while unknown */
  secondsLeft: number | null;
}

const WINDOW = 5_000; // ms over which the speed is measured

/** Adds up the bytes of an upload: those of finished parts, and those being sent. */
export class ProgressMeter {
  readonly total: number;
  #settled = 0;
  #finished = false;
  readonly #moving = new Map<number, number>();
  #samples: Array<{ at: number; sent: number }> = [];

  constructor(total: number) {
    this.total = total;
  }

  /** `bytes` of `part` have been sent so far. */
  advance(part: number, bytes: number): void {
    this.#moving.set(part, bytes);
    this.#takeSample();
  }

  /** S3 has `part` with all its `bytes`; or its request failed, with 0. */
  settle(part: number, bytes: number): void {
    this.#moving.delete(part);
    this.#settled += bytes;
    this.#takeSample();
  }

  /** S3 has `bytes` and nothing is being sent: a resumed upload begins here, with no speed yet. */
  restart(bytes: number): void {
    this.#moving.clear();
    this.#settled = bytes;
    this.#samples = [];
  }

  /** S3 has all bytes. */
  finish(): void {
    this.restart(this.total);
    this.#finished = true;
  }

  read(): Progress {
    const { total } = this;
    const sent = Math.min(total, this.#sent());
    const speed = this.#speed();
    const secondsLeft = this.#finished ? 0 : speed > 0 ? (total - sent) / speed : null;
    const fraction = this.#finished ? 1 : total === 0 ? 0 : sent / total;
    return { sent, total, fraction, speed, secondsLeft };
  }

  #sent(): number {
    let sum = this.#settled;
    for (const bytes of this.#moving.values()) sum += bytes;
    return sum;
  }

  #takeSample(): void {
    const at = performance.now();
    const last = this.#samples.at(-1);
    if (last && at - last.at < 200) last.sent = this.#sent();
    else this.#samples.push({ at, sent: this.#sent() });
    while (this.#samples.length > 2 && (this.#samples[0]?.at ?? at) < at - WINDOW) this.#samples.shift();
  }

  #speed(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || performance.now() - last.at > WINDOW) return 0;
    const ms = performance.now() - first.at;
    return ms > 0 ? Math.max(0, ((last.sent - first.sent) * 1000) / ms) : 0;
  }
}
