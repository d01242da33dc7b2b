import{a,b,c,d,e,f,g}from"./chunk-FJWGIS2B.js";export{a as IndexedDBRecords,b as MemoryRecords,d as UploadRejected,c as ValetKeyError,g as createUploader,e as fetchTransport,f as xhrTransport};
