// Uses the generated client in TypeScript: use.js ADDRESS KEY FILE. Prints what it saw, as JSON; so do its neighbours.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { CreateUpload, Granted } from "./client/index.js";
import {
  ClaimsApi,
  Configuration,
  PartsApi,
  ProblemFromJSON,
  ResponseError,
  TicketsApi,
  UploadsApi,
} from "./client/index.js";

const NOBODY = "0197f7a0-0000-7000-8000-000000000000";
const [basePath, key, file] = process.argv.slice(2) as [string, string, string];
const content = await readFile(file);
// without this header a download is a redirect, which fetch follows to the bytes
const headers = { Accept: "application/json" };
const calledWith = (accessToken: string) => new Configuration({ basePath, accessToken, headers });

const { ticket } = await new TicketsApi(calledWith(key)).createTicket({
  createTicket: { profile: "mobile", owner: "ann", ttl: 600 },
});
const uploads = new UploadsApi(calledWith(ticket));
const parts = new PartsApi(calledWith(ticket));

const wanted = (method: CreateUpload["method"], size: number, contentType = "video/mp4"): CreateUpload => ({
  filename: "film.mp4",
  contentType,
  size,
  method,
  signedParts: 1000,
});

/** Sends the file, and says how, and in how many parts. */
async function send({ upload, grant }: Granted): Promise<[string, number]> {
  if (grant === null) throw new Error("no grant");
  let answer: Response;
  if (grant.method === "POST") {
    const form = new FormData();
    for (const [name, value] of Object.entries(grant.fields)) form.append(name, value);
    form.append(grant.fileField, new Blob([content]));
    answer = await fetch(grant.url, { method: "POST", body: form });
  } else if (grant.method === "PUT") {
    answer = await fetch(grant.url, { method: "PUT", body: content, headers: grant.headers });
  } else {
    if (grant.parts.length !== grant.partCount) throw new Error("not all parts are signed");
    for (const { number, size, url, headers } of grant.parts) {
      const start = (number - 1) * grant.partSize;
      answer = await fetch(url, { method: "PUT", body: content.subarray(start, start + (size ?? 0)), headers });
      if (!answer.ok) throw new Error(await answer.text());
    }
    return [grant.method, (await parts.listParts({ id: upload.id })).parts.length];
  }
  if (!answer.ok) throw new Error(await answer.text());
  return [grant.method, 1];
}

const ids: string[] = [];
const sent: [string, number][] = [];
for (const method of ["post", "put", "multipart"] as const) {
  const granted = await uploads.createUpload({
    createUpload: wanted(method, content.length),
    idempotencyKey: `typescript-${method}`,
  });
  sent.push(await send(granted));
  const { state } = await uploads.completeUpload({ id: granted.upload.id });
  if (state !== "confirmed") throw new Error(state);
  ids.push(granted.upload.id);
}
const large = await uploads.createUpload({ createUpload: wanted("multipart", 3 * 1024 ** 3 + 1) });
await uploads.removeUpload({ id: large.upload.id });
const { results } = await uploads.createBatch({
  createBatch: { uploads: [wanted("auto", 1), wanted("auto", 1, "nonsense")] },
});
const seen = await uploads.listUploads({ id: [...ids, NOBODY] });
const problem = await uploads.getUpload({ id: NOBODY }).catch(async (error: unknown) => {
  if (!(error instanceof ResponseError)) throw error;
  return [error.response.status, ProblemFromJSON(await error.response.json()).code];
});
const { url } = await uploads.downloadUpload({ id: ids[2] });
const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
const { claim } = await new ClaimsApi(calledWith(key)).claimUpload({
  id: ids[0],
  claimUpload: { reference: "post:17", owner: "ann" },
});
console.log(
  JSON.stringify({
    sent,
    states: seen.uploads.map((one) => one.state),
    sizes: seen.uploads.map((one) => one.size),
    nobody: seen.notFound?.map((one) => one === NOBODY),
    large: large.upload.size,
    batch: results.map((one) => ("upload" in one ? one.upload.state : one.error.code)),
    problem,
    bytes: createHash("sha256").update(bytes).digest("hex"),
    claimed: claim?.reference,
  }),
);
