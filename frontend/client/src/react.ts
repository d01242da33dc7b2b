import { useCallback, useSyncExternalStore } from "react";
import type { GroupSnapshot, UploadGroup } from "./uploader/group";
import type { UploadSnapshot } from "./uploader/snapshot";
import type { Upload } from "./uploader/upload";

/** The snapshot of an upload, rendered again with each change; null without an upload. */
export function useUpload(upload: Upload | null | undefined): UploadSnapshot | null {
  return useSnapshot(upload);
}

/** The same for a group of files, as `uploadAll` returns it. */
export function useUploads(group: UploadGroup | null | undefined): GroupSnapshot | null {
  return useSnapshot(group);
}

/** What `useSyncExternalStore` needs from an upload and a group. */
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
