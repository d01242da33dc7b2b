package valetkey

import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable

/** An upload as the service knows it. */
@Serializable
public class Upload internal constructor(
    public val id: String,
    public val state: State = State.UNKNOWN,
    public val profile: String,
    public val filename: String,
    @SerialName("content_type") public val contentType: String,
    /** In bytes. */
    public val size: Long? = null,
    public val metadata: Map<String, String> = emptyMap(),
    /** Where the bytes are; null before they are there. */
    @SerialName("object") public val stored: StoredObject? = null,
    /** Why it was rejected. */
    public val reason: Reason? = null,
    /** Who said first that it is there: `client`, `event`, `sweep` or `redirect`. */
    @SerialName("confirmed_by") public val confirmedBy: String? = null,
) {
    /** See the service's page "How it works". [UNKNOWN] is one that this version of the client does not know. */
    @Serializable
    public enum class State {
        @SerialName("pending")
        PENDING,

        @SerialName("stored")
        STORED,

        @SerialName("confirmed")
        CONFIRMED,

        @SerialName("rejected")
        REJECTED,

        @SerialName("aborted")
        ABORTED,

        @SerialName("expired")
        EXPIRED,

        @SerialName("deleted")
        DELETED,

        UNKNOWN,
    }

    /** An object of the store. */
    @Serializable
    public class StoredObject internal constructor(
        public val bucket: String,
        public val key: String,
        public val etag: String,
    )

    /** Why an upload was rejected; `code` is stable. */
    @Serializable
    public class Reason internal constructor(
        public val code: String,
        public val detail: String,
    )
}
