/** The permission methods of a handle, which TypeScript's DOM types lack. */
interface PermissionHandle extends FileSystemFileHandle {
  queryPermission?(descriptor: { mode: "read" }): Promise<PermissionState>;
  requestPermission?(descriptor: { mode: "read" }): Promise<PermissionState>;
}

/** The file of a handle; null without permission to read it, which the browser may ask the user for. */
export async function readHandle(handle: PermissionHandle): Promise<File | null> {
  const mode = { mode: "read" as const };
  try {
    let permission = (await handle.queryPermission?.(mode)) ?? "granted";
    if (permission === "prompt") permission = (await handle.requestPermission?.(mode)) ?? "denied";
    return permission === "granted" ? await handle.getFile() : null;
  } catch {
    return null; // the file is gone, or the browser does not ask without a click
  }
}
