// An app on a device of Node, run by tests/e2e/test_react_native.py against the real service and a real S3. Usage:
//   app upload FILE [--killed-at N]   --killed-at N: it is ended while its Nth request to S3 is sent
//   app upload FILE --killed-before-completion
//   app relaunched
// It prints a line of JSON for each upload that has ended, with the number of requests to S3.
import { createUploader, type Upload } from "../dist/index.js";
import { tasks } from "./stand-ins/expo-file-system";

const [command, ...args] = process.argv.slice(2);
const PARTS_FROM = 5 * 1024 * 1024; // bytes
const kill = () => process.kill(process.pid, "SIGKILL");

const uploader = createUploader({
  endpoint: process.env.ENDPOINT ?? "",
  token: process.env.TOKEN ?? "",
  profile: process.env.PROFILE ?? "default",
  connections: 1,
  partsFrom: PARTS_FROM,
});

function begin(file: string, ending: string | undefined, at: string | undefined): Upload {
  const method = process.env.METHOD as "post" | undefined;
  const upload = uploader.upload(file, {
    ...(method && { method }),
  });
  if (ending === "--killed-at") setInterval(() => tasks.length >= Number(at) && kill(), 1);
  upload.subscribe(({ state }) => {
    if (ending === "--killed-before-completion" && state === "confirming") kill();
  });
  return upload;
}

const uploads = command === "upload" ? [begin(args[0] ?? "", args[1], args[2])] : await uploader.resumeAll();
for (const upload of uploads) {
  const { id, state } = await upload.done;
  console.log(
    JSON.stringify({
      id,
      state,
      requests: tasks.length,
      methods: tasks.map(({ options }) => options.httpMethod),
    }),
  );
}
