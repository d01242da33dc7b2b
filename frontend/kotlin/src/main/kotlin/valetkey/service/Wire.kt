package valetkey.service

import kotlinx.serialization.ExperimentalSerializationApi
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonClassDiscriminator
import valetkey.Upload

internal val JSON =
    Json {
        ignoreUnknownKeys = true // a newer service says more
        coerceInputValues = true
        explicitNulls = false
    }

/** What may be done at the store. */
@OptIn(ExperimentalSerializationApi::class)
@Serializable
@JsonClassDiscriminator("method")
internal sealed interface Grant {
    val expiresAt: String

    @Serializable
    @SerialName("POST")
    class Post(
        val url: String,
        val fields: Map<String, String>,
        @SerialName("file_field") val fileField: String,
        @SerialName("expires_at") override val expiresAt: String,
    ) : Grant

    @Serializable
    @SerialName("PUT")
    class Put(
        val url: String,
        val headers: Map<String, String>,
        @SerialName("expires_at") override val expiresAt: String,
    ) : Grant

    @Serializable
    @SerialName("MULTIPART")
    class Multipart(
        @SerialName("part_size") val partSize: Long,
        @SerialName("part_count") val partCount: Int,
        val parts: List<SignedPart>,
        /** "sha256" where each part has to be signed with its digest. */
        @SerialName("part_checksum") val partChecksum: String? = null,
        @SerialName("expires_at") override val expiresAt: String,
    ) : Grant
}

@Serializable
internal class SignedPart(
    val number: Int,
    val url: String,
    val headers: Map<String, String>,
    @SerialName("expires_at") val expiresAt: String,
)

@Serializable
internal class SignedParts(
    val parts: List<SignedPart>,
)

@Serializable
internal class StoredPart(
    val number: Int,
    val size: Long,
    val etag: String = "",
)

@Serializable
internal class StoredParts(
    val parts: List<StoredPart>,
    @SerialName("part_size") val partSize: Long,
    @SerialName("part_count") val partCount: Int? = null,
)

/** `grant` is null where the bytes have arrived already, or may come no more. */
@Serializable
internal class Granted(
    val upload: Upload,
    val grant: Grant? = null,
    val ticket: String,
)

@Serializable
internal class NamedPart(
    val number: Int,
    val etag: String,
)

@Serializable
internal class NamedParts(
    val parts: List<NamedPart>? = null,
)

@Serializable
internal class Numbers(
    val numbers: List<Int>,
    val checksums: Map<String, String>? = null,
)

@Serializable
internal class Problem(
    val code: String,
    val detail: String = "",
    val errors: List<FieldError> = emptyList(),
) {
    @Serializable
    class FieldError(
        val detail: String = "",
    )
}
