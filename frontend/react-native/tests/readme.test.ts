import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const PAGES = ["README.md", "../../service/docs/mobile.md"];

/** TypeScript of a page that uses this package. */
function blocksOf(page: string): string[] {
  const blocks = [...readFileSync(join(HERE, page), "utf8").matchAll(/^```tsx?\n(.*?)^```$/gms)];
  return blocks.map(([, text = ""]) => text).filter((text) => text.includes("@valetkey/react-native"));
}

it.each(PAGES)("what %s shows fits the types of this package and of Expo", (page) => {
  const folder = mkdtempSync(join(HERE, "tests", ".page-"));
  try {
    const files = blocksOf(page).map((text, number) => {
      const file = join(folder, `block${number}.tsx`);
      writeFileSync(file, text);
      return file;
    });
    expect(files.length).toBeGreaterThan(0);
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      jsx: ts.JsxEmit.ReactJSX,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
      types: [],
    };
    const found = ts.getPreEmitDiagnostics(ts.createProgram(files, options));
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
