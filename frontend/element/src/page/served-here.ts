// Imported before all else by the modules that the service itself serves, at `{endpoint}/assets/`.
import { setServedAt } from "./page-service";

setServedAt(new URL("..", import.meta.url));
