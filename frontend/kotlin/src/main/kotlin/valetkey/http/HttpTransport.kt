package valetkey.http

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asExecutor
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.suspendCancellableCoroutine
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.net.HttpRetryException
import java.net.HttpURLConnection
import java.net.URL
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * A transport by `HttpURLConnection`, which Android and every JVM have.
 *
 * @param stall how long not a byte of a body may move before its connection is given up
 * @param open opens a connection, such as one of a certain `android.net.Network`
 */
public class HttpTransport(
    private val stall: Duration = 60.seconds,
    private val open: (URL) -> HttpURLConnection = { it.openConnection() as HttpURLConnection },
) : Transport {
    override suspend fun send(request: Request): Response =
        coroutineScope {
            val exchange = Exchange(request, open)
            val watch =
                launch {
                    while (true) {
                        delay(WATCH_EVERY)
                        exchange.endIfStalled(stall)
                    }
                }
            try {
                exchange.run()
            } finally {
                watch.cancel()
            }
        }
}

private val WATCH_EVERY = 1.seconds
private const val CONNECT_TIMEOUT = 30_000
private const val MAX_RESPONSE = 16 * 1024 * 1024 // the list of 10,000 parts has 1 MiB

/** Set by `HttpURLConnection` itself; Android would send what we say beside it. */
private val OWN_HEADERS = setOf("content-length", "host", "connection", "transfer-encoding")

/** One attempt. Cancelling the coroutine closes its connection: no thread goes on waiting for it. */
private class Exchange(
    private val request: Request,
    private val open: (URL) -> HttpURLConnection,
) {
    @Volatile private var connection: HttpURLConnection? = null

    @Volatile private var ended: String? = null

    /** When a byte of the body moved last; null while none is being sent. */
    @Volatile private var moved: Long? = null

    suspend fun run(): Response =
        suspendCancellableCoroutine { continuation ->
            continuation.invokeOnCancellation { end("cancelled") }
            Dispatchers.IO.asExecutor().execute { continuation.resumeWith(runCatching { exchange() }) }
        }

    fun endIfStalled(stall: Duration) {
        val last = moved ?: return
        if (System.nanoTime() - last > stall.inWholeNanoseconds) end("nothing moved for $stall")
    }

    private fun end(why: String) {
        ended = why
        connection?.disconnect()
    }

    private fun exchange(): Response {
        val opened = open(URL(request.url))
        connection = opened
        try {
            prepare(opened)
            requireGoing()
            request.body?.let { send(opened, it) }
            return respond(opened)
        } catch (error: IOException) {
            ended?.let { throw IOException(it, error) }
            throw error
        } catch (error: Throwable) {
            opened.disconnect() // half a body may have been sent: the connection is of no more use
            throw error
        }
    }

    private fun prepare(opened: HttpURLConnection) {
        opened.requestMethod = request.method
        opened.instanceFollowRedirects = false // a credential goes where the application said
        opened.useCaches = false
        opened.connectTimeout = CONNECT_TIMEOUT
        opened.readTimeout = request.responseTimeout
        for ((name, value) in request.headers) {
            if (name.lowercase() !in OWN_HEADERS) opened.setRequestProperty(name, value)
        }
        val body = request.body ?: return
        opened.doOutput = true
        if (body.isStreamed) opened.setFixedLengthStreamingMode(body.length)
    }

    private fun send(
        opened: HttpURLConnection,
        body: RequestBody,
    ) {
        moved = System.nanoTime()
        try {
            opened.outputStream.use { body.writeTo(Watched(it)) }
        } finally {
            moved = null
        }
    }

    private inner class Watched(
        private val sink: OutputStream,
    ) : OutputStream() {
        override fun write(byte: Int) = write(byteArrayOf(byte.toByte()), 0, 1)

        override fun write(
            bytes: ByteArray,
            offset: Int,
            count: Int,
        ) {
            requireGoing()
            sink.write(bytes, offset, count)
            moved = System.nanoTime()
        }
    }

    private fun requireGoing() {
        ended?.let { throw IOException(it) }
    }

    private fun respond(opened: HttpURLConnection): Response {
        val status =
            try {
                opened.responseCode
            } catch (error: HttpRetryException) { // the JDK's way to say 401 to a streamed body
                return Response(error.responseCode(), emptyMap(), ByteArray(0))
            }
        if (status < 0) throw IOException("The response is no HTTP.")
        val headers = opened.headerFields.filterKeys { it != null }.mapValues { it.value.joinToString(", ") }
        val stream = if (status < HttpURLConnection.HTTP_BAD_REQUEST) opened.inputStream else opened.errorStream
        return Response(status, headers, stream?.use { readAll(it) } ?: ByteArray(0))
    }
}

private fun readAll(stream: InputStream): ByteArray {
    val all = ByteArrayOutputStream()
    val piece = ByteArray(16 * 1024)
    while (all.size() < MAX_RESPONSE) {
        val count = stream.read(piece)
        if (count < 0) return all.toByteArray()
        all.write(piece, 0, count)
    }
    throw IOException("The response has more than $MAX_RESPONSE bytes.")
}
