// Which room may import which: each only what stands below it, and nothing in a circle. `npm run layers` checks it.

/** The rooms of each package, from the bottom up; rooms of one line do not know each other. */
const ROOMS = {
  client: [
    ["async", "model"],
    ["files"],
    ["digests", "retry"],
    ["service", "storage"],
    ["interrupted", "sending"],
    ["transfer"],
    ["uploader"],
  ],
  element: [["language"], ["state"], ["views", "page"]],
};

/** Each room with those that it must not know: its neighbours and everything above it, the entry points included. */
function layers([name, rows]) {
  const src = `^${name}/src/`;
  return rows.flatMap((row, level) =>
    row.map((room) => {
      const forbidden = rows.slice(level).flat();
      const others = forbidden.filter((other) => other !== room);
      return {
        name: `${name}-${room}-knows-only-what-is-below`,
        severity: "error",
        from: { path: `${src}${room}/` },
        to: { path: [...others.map((other) => `${src}${other}/`), `${src}[^/]+$`] },
      };
    }),
  );
}

/** A file in no room, but for the entry points, has no place in the order. */
const homeless = Object.entries(ROOMS).map(([name, rows]) => ({
  name: `${name}-every-file-has-a-room`,
  severity: "error",
  from: {},
  to: { path: `^${name}/src/`, pathNot: [`^${name}/src/(${rows.flat().join("|")})/`, `^${name}/src/[^/]+$`] },
}));

module.exports = {
  forbidden: [
    { name: "no-circle", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "\\.css$" } },
    ...Object.entries(ROOMS).flatMap(layers),
    ...homeless,
  ],
  options: {
    doNotFollow: { path: "node_modules|/dist/" },
    tsPreCompilationDeps: true, // a type is knowledge, too
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".d.ts", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "default"],
    },
  },
};
