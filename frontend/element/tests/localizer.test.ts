import { describe, expect, test } from "vitest";
import { Localizer } from "../src/language/localizer";
import { chooseLanguage, type Message, type Messages, registerTranslation } from "../src/language/messages";
import { de } from "../src/language/translations/de";
import { en } from "../src/language/translations/en";
import { es } from "../src/language/translations/es";
import { zh } from "../src/language/translations/zh";
import { accepts } from "../src/state/accept";

const LANGUAGES: Record<string, Messages> = { en, de, es, zh };
for (const [lang, messages] of Object.entries(LANGUAGES)) registerTranslation(lang, messages);

const forms = (message: Message) => (typeof message === "string" ? { other: message } : message);
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe.each(Object.entries(LANGUAGES))("the texts in %s", (lang, messages) => {
  test("are all there, and none is empty", () => {
    expect(Object.keys(messages).sort()).toEqual(Object.keys(en).sort());
    expect(Object.values(messages).flatMap((message) => Object.values(forms(message)))).not.toContain("");
  });

  test("have each plural form of the language", () => {
    const wanted = new Intl.PluralRules(lang).resolvedOptions().pluralCategories.sort();
    for (const message of Object.values(messages))
      if (typeof message !== "string") expect(Object.keys(message).sort()).toEqual(wanted);
  });

  test("say what the English ones say: no value is lost, and none is made up", () => {
    for (const [key, message] of Object.entries(messages)) {
      const known = new Set(Object.values(forms(en[key as keyof Messages])).flatMap(holes));
      expect(holes(forms(message).other).filter((name) => !known.has(name))).toEqual([]);
      for (const name of holes(forms(en[key as keyof Messages]).other))
        expect(holes(forms(message).other), `${lang}: ${key}`).toContain(name);
    }
  });
});

describe("numbers", () => {
  test("are written as the language does", () => {
    expect(new Localizer("en").bytes(12_400_000)).toBe("12.4 MB");
    expect(new Localizer("de").bytes(12_400_000)).toBe("12,4 MB");
    expect(new Localizer("en").text("summary", { done: 1200, count: 10_000 })).toBe(
      "1,200 of 10,000 files uploaded",
    );
  });

  test("never say that all is there before it is", () => {
    expect(new Localizer("en").percent(0.9999)).toBe("99%");
    expect(new Localizer("en").percent(1)).toBe("100%");
  });

  test("have the unit that fits", () => {
    const words = new Localizer("en");
    expect([0, 1, 999, 1000, 5e12].map((count) => words.bytes(count))).toEqual([
      "0 bytes",
      "1 byte",
      "999 bytes",
      "1 kB",
      "5 TB",
    ]);
    expect(words.speed(3_140_000)).toBe("3.1 MB/s");
    expect([0, 59.2, 61, 7200].map((seconds) => words.duration(seconds))).toEqual([
      "1 sec",
      "1 min",
      "2 min",
      "2 hr",
    ]);
  });
});

describe("a language", () => {
  test("is found with its region or without, else English is spoken", () => {
    expect(chooseLanguage(["de-AT"])).toBe("de");
    expect(chooseLanguage(["fr", "zh-Hans-CN"])).toBe("zh");
    expect(chooseLanguage(["fr"])).toBe("en");
  });

  test("can be added with some of its texts", () => {
    registerTranslation("sv", { confirming: "Kontrolleras" });
    expect(chooseLanguage(["sv-SE"])).toBe("sv");
    expect(new Localizer("sv").text("confirming")).toBe("Kontrolleras");
    expect(new Localizer("sv").text("aborted")).toBe("Cancelled");
  });
});

test.each([
  ["", "a.exe", "", true],
  ["image/*", "a.png", "image/png", true],
  ["image/*", "a.png", "", true],
  ["image/*", "a.pdf", "", false],
  [".PNG, .jpg", "A.png", "", true],
  ["image/*,.pdf", "a.pdf", "application/pdf", true],
  ["text/plain", "a.txt", "text/plain;charset=utf-8", true],
  ["text/plain", "a", "text/plainer", false],
])("accept=%j lets %s of type %j pass: %s", (accept, name, type, passes) => {
  expect(accepts(accept, { name, type })).toBe(passes);
});

describe("tags that no browser knows", () => {
  test.each(["pt_BR", "x", "not a tag", ""])("(%j) are no error, and its texts are shown", (tag) => {
    registerTranslation(tag, { files: "Ficheiros" });
    const localizer = new Localizer(chooseLanguage([tag]));
    expect([localizer.text("files"), localizer.bytes(12_400_000)]).toEqual([
      "Ficheiros",
      expect.stringMatching(/^12[.,]4/),
    ]);
    expect(localizer.text("summary", { done: 1, count: 1 })).toBe("1 of 1 file uploaded");
  });

  test("a page whose language is written with an underscore gets the translation", () => {
    registerTranslation("fr-CA", { files: "Fichiers" });
    expect(new Localizer(chooseLanguage(["fr_CA"])).text("files")).toBe("Fichiers");
  });
});
