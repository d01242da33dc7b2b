package valetkey.http

import java.io.OutputStream

/**
 * Makes HTTP requests. [HttpTransport] does it by `HttpURLConnection`; an application with a client of its own may put
 * that here.
 */
public interface Transport {
    /**
     * Makes one attempt and reads the whole response, whatever its status. It follows no redirect.
     *
     * @throws java.io.IOException where there is no response
     */
    public suspend fun send(request: Request): Response
}

/** One request. */
public class Request(
    public val method: String,
    public val url: String,
    public val headers: Map<String, String> = emptyMap(),
    public val body: RequestBody? = null,
    /** How long the response may take once everything is sent, in milliseconds. */
    public val responseTimeout: Int = RESPONSE_TIMEOUT,
)

/** What is sent, with its length known before. */
public interface RequestBody {
    /** In bytes. */
    public val length: Long

    /** Whether the response to it may be lost silently: a small body of the service's own is simply sent again. */
    public val isStreamed: Boolean

    /** Writes all of it; it is called once for each attempt, on a thread that may wait. */
    public fun writeTo(sink: OutputStream)
}

/** A response. */
public class Response(
    public val status: Int,
    headers: Map<String, String>,
    public val body: ByteArray,
) {
    private val headers = headers.mapKeys { it.key.lowercase() }

    /** The value of a header, whatever the case of its name. */
    public fun header(name: String): String? = headers[name.lowercase()]
}

internal const val RESPONSE_TIMEOUT = 60_000

/** Bytes that are at hand: a body of JSON. */
internal class BytesBody(
    private val bytes: ByteArray,
) : RequestBody {
    override val length: Long get() = bytes.size.toLong()
    override val isStreamed: Boolean get() = false

    override fun writeTo(sink: OutputStream) = sink.write(bytes)
}
