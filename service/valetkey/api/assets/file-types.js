export * from "./file-types-5YHITHRF.js";
