import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const standIn = (name: string) => fileURLToPath(new URL(`./tests/stand-ins/${name}.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      "expo-file-system": standIn("expo-file-system"),
      "@react-native-async-storage/async-storage": standIn("async-storage"),
    },
  },
  test: { include: ["tests/*.test.ts"], testTimeout: 180_000, hookTimeout: 120_000, fileParallelism: false },
});
