import { ValetUpload } from "./element";
import { registerTranslation } from "./language/messages";
import { de } from "./language/translations/de";
import { en } from "./language/translations/en";
import { es } from "./language/translations/es";
import { zh } from "./language/translations/zh";

for (const [lang, messages] of Object.entries({ en, de, es, zh })) registerTranslation(lang, messages);
const { customElements } = globalThis; // a server has none
if (customElements && !customElements.get("valet-upload")) customElements.define("valet-upload", ValetUpload);

export { ValetUpload } from "./element";
export { type Key, type Message, type Messages, registerTranslation } from "./language/messages";
export type { ItemDetail, ValetUploadEvents } from "./page/events";
export type { ItemState } from "./state/item";

declare global {
  interface HTMLElementTagNameMap {
    "valet-upload": ValetUpload;
  }
}
