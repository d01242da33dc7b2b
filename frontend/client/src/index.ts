export type { FileFacts, FileLike } from "./files/file";
export { IndexedDBRecords } from "./interrupted/indexeddb";
export type { InterruptedUpload } from "./interrupted/inspect";
export { MemoryRecords, type RecordStore, type UploadRecord } from "./interrupted/records";
export { type ClientCode, UploadRejected, ValetKeyError } from "./model/errors";
export type { ConfirmedUpload, Grant, Method, ProfileRules, UploadBody } from "./model/wire";
export type { RetryPolicy, Waiting } from "./retry/retry";
export type { Progress } from "./sending/progress";
export type { Token } from "./service/service";
export { fetchTransport } from "./storage/fetch";
export type {
  StorageRequest,
  StorageResponse,
  Timing,
  Transport,
} from "./storage/transport";
export { xhrTransport } from "./storage/xhr";
export type { FileOptions } from "./transfer/job";
export type { GroupSnapshot, UploadGroup } from "./uploader/group";
export type { UploadSnapshot, UploadState } from "./uploader/snapshot";
export type { Upload, WatchOptions } from "./uploader/upload";
export {
  createUploader,
  type GroupItem,
  type Uploader,
  type UploaderOptions,
  type UploadOptions,
} from "./uploader/uploader";
