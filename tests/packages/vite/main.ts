import { createUploader } from "@valetkey/client";
import { typeOf } from "@valetkey/client/file-types";
import "@valetkey/element";

// By the client alone; the test drives the element.
async function send(endpoint: string, token: string): Promise<string> {
  const uploader = createUploader({ endpoint, token });
  const upload = await uploader.upload(new File(["hello"], "notes.txt", { type: typeOf("notes.txt") })).done;
  return upload.state;
}

Object.assign(window, { send });
