import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/browser/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 150_000,
    fileParallelism: false,
  },
});
