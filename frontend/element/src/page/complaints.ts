/** A function that tells the page's author, in the console, what is wrong with an attribute: each sentence once. */
export function complaints(say: (text: string) => void = console.error): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (said.has(text)) return;
    said.add(text);
    say(`<valet-upload>: ${text}`);
  };
}
