import { ValetUpload } from "./element";
import { registerTranslation } from "./messages";
import { de } from "./translations/de";
import { en } from "./translations/en";
import { es } from "./translations/es";
import { zh } from "./translations/zh";

for (const [lang, messages] of Object.entries({ en, de, es, zh })) registerTranslation(lang, messages);
if (!customElements.get("valet-upload")) customElements.define("valet-upload", ValetUpload);

export { ValetUpload } from "./element";
export type { ItemDetail, ValetUploadEvents } from "./events";
export type { ItemState } from "./item";
export { type Key, type Message, type Messages, registerTranslation } from "./messages";

declare global {
  interface HTMLElementTagNameMap {
    "valet-upload": ValetUpload;
  }
}
