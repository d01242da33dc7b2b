export { type ClientCode, UploadRejected, ValetKeyError } from "./errors";
export type { GroupSnapshot, UploadGroup } from "./group";
export { IndexedDBRecords } from "./indexeddb";
export type { FileLike, FileOptions } from "./job";
export type { Progress } from "./progress";
export { type FileFacts, MemoryRecords, type RecordStore, type UploadRecord } from "./records";
export type { RetryPolicy, Waiting } from "./retry";
export type { Token } from "./service";
export type { UploadSnapshot, UploadState } from "./status";
export {
  fetchTransport,
  type StorageAnswer,
  type StorageRequest,
  type Timing,
  type Transport,
} from "./transport";
export type { UnfinishedUpload } from "./unfinished";
export type { Upload, Watching } from "./upload";
export {
  createUploader,
  type GroupItem,
  type Uploader,
  type UploaderOptions,
  type UploadOptions,
} from "./uploader";
export type { ConfirmedUpload, Grant, Method, UploadBody } from "./wire";
export { xhrTransport } from "./xhr";
