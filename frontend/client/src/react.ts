import { useCallback, useSyncExternalStore } from "react";
import type { GroupSnapshot, UploadGroup } from "./uploader/group";
import type { UploadSnapshot } from "./uploader/snapshot";
import type { Upload } from "./uploader/upload";

/** What an upload is doing, rendered anew with each change; null without an upload. */
export function useUpload(upload: Upload | null | undefined): UploadSnapshot | null {
  return useSnapshot(upload);
}

/** The same for several files together, as `uploadAll` gives them. */
export function useUploads(group: UploadGroup | null | undefined): GroupSnapshot | null {
  return useSnapshot(group);
}

/** What `useSyncExternalStore` needs of an upload and of a group. */
interface Watchable<T> {
  readonly snapshot: T;
  subscribe(listener: () => void): () => void;
}

function useSnapshot<T>(source: Watchable<T> | null | undefined): T | null {
  const subscribe = useCallback(
    (listener: () => void) => source?.subscribe(listener) ?? (() => {}),
    [source],
  );
  const read = () => source?.snapshot ?? null;
  return useSyncExternalStore(subscribe, read, read);
}
