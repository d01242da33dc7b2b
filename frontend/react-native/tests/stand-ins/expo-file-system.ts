// In the place of expo-file-system's native module: files of Node, and upload tasks that send real HTTP. Its classes have the
// members that the adapter uses, with the package's own types. What another app's provider gives (`content://`) has no date, as in
// ContentProviderFile.kt of the package.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { request as httpRequest } from "node:http";
import { basename, join } from "node:path";
import { Transform } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as Expo from "expo-file-system";
import { folderOf } from "./device";

export const FileMode = { ReadOnly: "r", WriteOnly: "w", Append: "wa" } as typeof Expo.FileMode;
export const UploadType = { BINARY_CONTENT: 0, MULTIPART: 1 } as typeof Expo.UploadType;

type FileMembers = Pick<
  Expo.File,
  | "uri"
  | "name"
  | "size"
  | "exists"
  | "lastModified"
  | "type"
  | "open"
  | "write"
  | "create"
  | "delete"
  | "digest"
>;
type Handle = Pick<Expo.FileHandle, "offset" | "size" | "close" | "readBytes" | "writeBytes">;
type Task = Pick<Expo.UploadTask, "uploadAsync" | "cancel">;

const CONTENT = "content://";

/** Where the bytes of another app's file are on this device; it is there for as long as the app may read it. */
export function contentPath(uri: string): string {
  return join(folderOf("content"), decodeURIComponent(basename(uri)));
}

/** Uploads that were begun, in their order: what the system was asked to send. */
export const tasks: Array<{ url: string; options: Expo.UploadOptions; size: number }> = [];

export class File implements Omit<FileMembers, "open"> {
  readonly uri: string;

  constructor(...parts: Array<string | File | Directory>) {
    this.uri = uriOf(parts);
  }

  get path(): string {
    return this.isContent ? contentPath(this.uri) : fileURLToPath(this.uri);
  }

  get isContent(): boolean {
    return this.uri.startsWith(CONTENT);
  }

  get name(): string {
    return decodeURIComponent(basename(this.uri));
  }

  get exists(): boolean {
    return fs.existsSync(this.path);
  }

  get size(): number {
    return this.exists ? fs.statSync(this.path).size : 0;
  }

  get lastModified(): number | null {
    return this.exists && !this.isContent ? Math.floor(fs.statSync(this.path).mtimeMs) : null;
  }

  get type(): string {
    return (
      { jpg: "image/jpeg", mp4: "video/mp4", txt: "text/plain" }[this.name.split(".").at(-1) ?? ""] ?? ""
    );
  }

  create(): void {
    fs.writeFileSync(this.path, "", { flag: "wx" });
  }

  delete(): void {
    fs.unlinkSync(this.path);
  }

  async write(content: string | Uint8Array | ArrayBuffer, { append = false } = {}): Promise<void> {
    const bytes = content instanceof ArrayBuffer ? new Uint8Array(content) : content;
    fs.writeFileSync(this.path, bytes, { flag: append ? "a" : "w" });
  }

  async digest(algorithm: Expo.FileDigestAlgorithm): Promise<string> {
    const hash = createHash(algorithm.toLowerCase().replace("-", ""));
    for await (const piece of fs.createReadStream(this.path)) hash.update(piece);
    return hash.digest("hex");
  }

  open(mode: Expo.FileMode): Handle {
    return new OpenFile(fs.openSync(this.path, mode === FileMode.Append ? "a" : mode));
  }

  createUploadTask(url: string, options: Expo.UploadOptions = {}): Task {
    return new UploadTask(this, url, options);
  }
}

export class Directory {
  readonly uri: string;

  constructor(...parts: Array<string | File | Directory>) {
    this.uri = uriOf(parts);
  }

  get exists(): boolean {
    return fs.existsSync(fileURLToPath(this.uri));
  }

  create(): void {
    fs.mkdirSync(fileURLToPath(this.uri), { recursive: true });
  }

  list(): File[] {
    return fs.readdirSync(fileURLToPath(this.uri)).map((name) => new File(this, encodeURIComponent(name)));
  }
}

/** The folders' URIs end with a slash, as those of the package do. */
export const Paths = {
  get cache() {
    return new Directory(`${pathToFileURL(folderOf("cache")).href}/`);
  },
  get document() {
    return new Directory(`${pathToFileURL(folderOf("document")).href}/`);
  },
};

function uriOf(parts: Array<string | File | Directory>): string {
  const [first = "", ...rest] = parts.map((part) => (typeof part === "string" ? part : part.uri));
  if (first.startsWith(CONTENT)) return first;
  const base = first.startsWith("file:") ? first : pathToFileURL(first).href;
  return rest.length ? `file://${join(base.slice("file://".length), ...rest)}` : base;
}

class OpenFile implements Handle {
  offset: number | null = 0;
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  get size(): number {
    return fs.fstatSync(this.#descriptor).size;
  }

  /** Fewer than were asked for, as the package says that it may give. */
  async readBytes(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const piece = new Uint8Array(Math.min(length, 300_000));
    const read = fs.readSync(this.#descriptor, piece, 0, piece.length, this.offset);
    this.offset = (this.offset ?? 0) + read;
    return piece.slice(0, read);
  }

  async writeBytes(bytes: Uint8Array): Promise<void> {
    fs.writeSync(this.#descriptor, bytes);
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

/** One request by node:http, with a Content-Length and the headers that it was given, as both systems send it. */
class UploadTask implements Task {
  readonly #file: File;
  readonly #url: string;
  readonly #options: Expo.UploadOptions;
  #stop: () => void = () => {};

  constructor(file: File, url: string, options: Expo.UploadOptions) {
    this.#file = file;
    this.#url = url;
    this.#options = options;
  }

  cancel(): void {
    this.#stop();
  }

  uploadAsync(): Promise<Expo.UploadResult> {
    const { httpMethod = "POST", headers = {}, uploadType, onProgress } = this.#options;
    const size = this.#file.size;
    tasks.push({ url: this.#url, options: this.#options, size });
    if (uploadType !== UploadType.BINARY_CONTENT) throw new Error("the stand-in sends files as they are");
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(new Error(`Unable to upload: ${error.message}`));
      const sending = httpRequest(
        this.#url,
        { method: httpMethod, headers: { ...headers, "Content-Length": size } },
        (response) => {
          let body = "";
          response.setEncoding("utf8").on("data", (text) => {
            body += text;
          });
          response.on("error", fail);
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, headers: flat(response.headers), body }),
          );
        },
      );
      sending.on("error", fail);
      this.#stop = () => void sending.destroy(new Error("cancelled"));
      let bytesSent = 0;
      const counted = new Transform({
        transform(piece, _, done) {
          bytesSent += piece.length;
          onProgress?.({ bytesSent, totalBytes: size });
          done(null, piece);
        },
      });
      fs.createReadStream(this.#file.path).on("error", fail).pipe(counted).pipe(sending);
    });
  }
}

function flat(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
