import { ValetKeyError } from "@valetkey/client";

/** The application gives no ticket, because nobody is logged in on the page any more. */
export class LoggedOut extends ValetKeyError {}
