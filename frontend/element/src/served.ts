import "./page/served-here";

export * from "./index";
