export * from "./element-W56OO73E.js";
