import type { StorageRequest } from "@valetkey/client";
import type { File } from "expo-file-system";
import { type NativeFile, remove, temporaryFile } from "./native-file";

/** A form as a file: systems send nothing else in the background. */
export interface FormFile {
  file: File;
  contentType: string;
}

/**
 * Writes the fields and then the file, whose own name is left out: a store may take it for more fields (Ceph does).
 * Neither system's own form is used: they put the name into it as it is.
 */
export async function writeForm(
  { fields = {}, file_field = "file" }: StorageRequest,
  bytes: NativeFile,
): Promise<FormFile> {
  const boundary = `valetkey-${Math.random().toString(36).slice(2)}-${Date.now()}`;
  const type = fields["Content-Type"] ?? "application/octet-stream";
  const head = Object.entries(fields).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  head.push(
    `--${boundary}\r\nContent-Disposition: form-data; name="${file_field}"; filename="file"\r\n` +
      `Content-Type: ${type}\r\n\r\n`,
  );
  const file = temporaryFile();
  try {
    await file.write(head.join(""));
    await bytes.appendTo(file);
    await file.write(`\r\n--${boundary}--\r\n`, { append: true });
  } catch (error) {
    remove(file);
    throw error;
  }
  return { file, contentType: `multipart/form-data; boundary=${boundary}` };
}
