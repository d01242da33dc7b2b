export * from "./client-Y4STNX7Y.js";
