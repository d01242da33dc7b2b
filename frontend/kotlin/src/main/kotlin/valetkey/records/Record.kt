package valetkey.records

import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonObject
import valetkey.Upload
import valetkey.files.Fingerprint

/** All that has to be known of an upload after the process was killed. It holds tickets: nobody else may read it. */
@Serializable
internal data class Record(
    /** The application's. */
    val id: String,
    /** Where the bytes are. */
    val location: String,
    val fingerprint: Fingerprint,
    /** The body of the call that creates the upload; the same for each use of `key`. */
    val request: JsonObject,
    /** The idempotency key of that call; it is on disk before the call is made. */
    val key: String,
    /** Whether the application chose how the bytes travel. */
    val hasMethod: Boolean = false,
    /** The credential of that call: keys belong to one. */
    val token: String? = null,
    val created: Created? = null,
    /** Whether the store has taken all bytes. Nothing is read from the file any more then. */
    val sent: Boolean = false,
    /** How it ended: confirmed or rejected. */
    val ended: Upload? = null,
) {
    /** What the service gave. */
    @Serializable
    data class Created(
        val uploadId: String,
        /** For this upload alone. */
        val ticket: String,
        val inParts: Boolean,
    )
}
