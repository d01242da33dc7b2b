import { Window } from "happy-dom";
import { act, createElement } from "react";
import { expect, test } from "vitest";
import { createUploader, type Upload, type UploadGroup } from "../src/index";
import { useUpload, useUploads } from "../src/react";
import { fetchTransport } from "../src/storage/fetch";
import { fileOf, world } from "./world";

const on = world();
// a document for React; fetch, File and the like stay Node's
const window = new Window();
const document = window.document as unknown as Document;
Object.assign(globalThis, { window, document, navigator: window.navigator, IS_REACT_ACT_ENVIRONMENT: true });
const { createRoot } = await import("react-dom/client");

const uploader = () => createUploader({ endpoint: on.service.url, records: null, transport: fetchTransport });

function One({ upload }: { upload: Upload | null }) {
  const snapshot = useUpload(upload);
  return createElement("output", null, snapshot ? `${snapshot.state} ${snapshot.progress.sent}` : "nothing");
}

function Many({ group }: { group: UploadGroup }) {
  const snapshot = useUploads(group);
  return createElement("output", null, `${snapshot?.ended} of ${snapshot?.count}`);
}

test("a component shows where an upload is, to its end, and that there is none yet", async () => {
  const root = createRoot(document.body);
  await act(async () => root.render(createElement(One, { upload: null })));
  expect(document.body.textContent).toBe("nothing");
  const upload = uploader().upload(fileOf(3000));
  await act(async () => root.render(createElement(One, { upload })));
  await act(async () => void (await upload.done));
  expect(document.body.textContent).toBe("confirmed 3000");
  await act(async () => root.unmount());
});

test("a component shows how several files are doing together", async () => {
  const root = createRoot(document.body);
  const group = uploader().uploadAll([fileOf(10), fileOf(20)]);
  await act(async () => root.render(createElement(Many, { group })));
  expect(document.body.textContent).toBe("0 of 2");
  await act(async () => void (await group.done));
  expect(document.body.textContent).toBe("2 of 2");
  await act(async () => root.unmount());
});
