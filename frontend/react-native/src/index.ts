export {
  type ConfirmedUpload,
  type FileOptions,
  type Grant,
  type GroupSnapshot,
  type InterruptedUpload,
  type Method,
  type Progress,
  type RecordStore,
  type RetryPolicy,
  type Timing,
  type Token,
  type Transport,
  type Upload,
  type UploadBody,
  type UploadGroup,
  type UploadOptions,
  type UploadRecord,
  UploadRejected,
  type UploadSnapshot,
  type UploadState,
  ValetKeyError,
  type Waiting,
} from "@valetkey/client";
export { useUpload, useUploads } from "@valetkey/client/react";
export { AsyncStorageRecords, type KeyValueStorage } from "./records";
export { type ExpoTransportOptions, expoTransport } from "./transport";
export {
  createUploader,
  type FileSource,
  type NativeGroupItem,
  type NativeUploader,
  type NativeUploaderOptions,
} from "./uploader";
