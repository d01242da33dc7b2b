export * from "@valetkey/element";
