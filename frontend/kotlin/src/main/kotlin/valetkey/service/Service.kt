package valetkey.service

import kotlinx.serialization.DeserializationStrategy
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.JsonObject
import valetkey.Upload
import valetkey.UploadException
import valetkey.http.BytesBody
import valetkey.http.RESPONSE_TIMEOUT
import valetkey.http.Request
import valetkey.http.Response
import valetkey.http.Transport
import valetkey.retry.FEW
import valetkey.retry.Retry
import valetkey.retry.Transient
import valetkey.retry.parseHttpDate
import valetkey.retry.parseRetryAfter
import java.io.IOException
import java.time.DateTimeException
import java.time.Duration.between
import java.time.Instant
import java.time.OffsetDateTime
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeMark
import kotlin.time.TimeSource
import kotlin.time.toKotlinDuration

/** The service may copy an object before it responds, in milliseconds. */
private const val COMPLETE_TIMEOUT = 300_000

/** The longest list of parts that is named, in characters; the service takes 256 KiB. */
private const val MAX_NAMED = 200_000

/** Failures that may pass by themselves; a proxy in front of the service has its own, such as 520 to 530. */
private val RETRY_STATUSES = setOf(408, 425, 429, 500) + (502..599)

private val REFUSED = setOf(401, 403)

/** The service said no; `status` and `code` are what it said. */
internal class ServiceRefused(
    val status: Int,
    val code: String,
    detail: String,
) : Exception(detail) {
    /** It knows the upload no more, or takes its ticket no longer. */
    val isForgotten: Boolean get() = status in REFUSED || status == 404

    /** The application may have another credential the next time. */
    private val isOfCredential get() = status == 401 || code == "ticket_used_up"

    fun toUploadException() = UploadException(code, message ?: code, isOfCredential, this)
}

/** `again` is in how long to ask again; null once the upload has ended. */
internal class Completion(
    val upload: Upload,
    val again: Duration?,
)

/** A grant, or signed parts, as they came, with the time by our own clock until which they hold. */
internal class Timed<T>(
    val value: T,
    private val received: TimeMark,
    private val serverNow: Instant,
) {
    fun <R> map(change: (T) -> R) = Timed(change(value), received, serverNow)

    /** How long something lives that the service dated: the clock of a phone may be set to anything. */
    fun until(expiresAt: String): Duration =
        try {
            between(serverNow, OffsetDateTime.parse(expiresAt).toInstant()).toKotlinDuration() - received.elapsedNow()
        } catch (_: DateTimeException) {
            Duration.ZERO
        }
}

/**
 * The service's HTTP API. Each call is repeated until it is answered; methods throw [ServiceRefused] and
 * [UploadException].
 */
internal class Service(
    private val endpoint: String,
    private val tokens: Tokens,
    private val transport: Transport,
    private val retry: Retry,
) {
    /**
     * Creates an upload, once for each `key`. A key belongs to the credential that it came with, so `remembered` is the
     * one of an earlier attempt; `onToken` keeps it before it is used.
     */
    suspend fun create(
        body: JsonObject,
        key: String,
        remembered: String?,
        onToken: (String?) -> Unit,
    ): Timed<Granted> =
        retry.call {
            val first = remembered ?: tokens.current().also(onToken)
            val call = Call("POST", "/v1/uploads", body.toString(), mapOf("Idempotency-Key" to key))
            try {
                timed(answer(call, first), Granted.serializer())
            } catch (refused: ServiceRefused) {
                if (refused.status !in REFUSED) throw refused
                val second = tokens.after(first)
                if (second == first) throw refused
                onToken(second)
                timed(answer(call, second), Granted.serializer())
            }
        }

    suspend fun get(
        id: String,
        ticket: String,
    ): Upload = call(Call("GET", path(id)), ticket, Upload.serializer())

    /** The upload, asked for with the application's credential: its own ticket has ended. */
    suspend fun getAsApplication(id: String): Upload =
        retry.call { parse(answer(Call("GET", path(id)), tokens.current()), Upload.serializer()) }

    /**
     * A fresh grant, and a ticket with it. [ServiceRefused] with `state_conflict` where the bytes are there, or may
     * come no more.
     */
    suspend fun renew(
        id: String,
        ticket: String,
    ): Timed<Granted> {
        val call = Call("POST", "${path(id)}/grant", "{}")
        return retry.call { timed(answer(call, ticket), Granted.serializer()) }
    }

    /** The parts that the store has. */
    suspend fun listParts(
        id: String,
        ticket: String,
    ): StoredParts = call(Call("GET", "${path(id)}/parts"), ticket, StoredParts.serializer())

    /** `checksums` are SHA-256 in base64, where the grant asks for them. */
    suspend fun signParts(
        id: String,
        ticket: String,
        numbers: List<Int>,
        checksums: Map<Int, String>?,
    ): Timed<SignedParts> {
        val body = Numbers(numbers, checksums?.mapKeys { "${it.key}" })
        val call = Call("POST", "${path(id)}/parts", JSON.encodeToString(Numbers.serializer(), body))
        return retry.call { timed(answer(call, ticket), SignedParts.serializer()) }
    }

    /** Says that the bytes are there. Without `parts`, or with too many of them, the store's list counts. */
    suspend fun complete(
        id: String,
        ticket: String,
        parts: List<NamedPart>?,
    ): Completion {
        val named = JSON.encodeToString(NamedParts.serializer(), NamedParts(parts))
        val body = if (named.length > MAX_NAMED) "{}" else named
        return retry.call {
            val response = answer(Call("POST", "${path(id)}/complete", body, timeout = COMPLETE_TIMEOUT), ticket)
            val again = parseRetryAfter(response.header("Retry-After")) ?: 1.seconds
            Completion(parse(response, Upload.serializer()), again.takeIf { response.status == 202 })
        }
    }

    /** Aborts a pending upload; one attempt. */
    suspend fun abort(
        id: String,
        ticket: String,
    ) {
        answer(Call("DELETE", path(id)), ticket)
    }

    private suspend fun <T> call(
        call: Call,
        ticket: String,
        of: DeserializationStrategy<T>,
    ): T = retry.call { parse(answer(call, ticket), of) }

    private class Call(
        val method: String,
        val path: String,
        val body: String? = null,
        val headers: Map<String, String> = emptyMap(),
        val timeout: Int = RESPONSE_TIMEOUT,
    )

    /** One attempt: a success. Throws [Transient] and [ServiceRefused]. */
    private suspend fun answer(
        call: Call,
        credential: String?,
    ): Response {
        val headers = mapOf("Accept" to "application/json", "User-Agent" to USER_AGENT) + call.headers
        val authorization = credential?.let { mapOf("Authorization" to "Bearer $it") }.orEmpty()
        val body = call.body?.let { BytesBody(it.toByteArray()) }
        val type = body?.let { mapOf("Content-Type" to "application/json") }.orEmpty() // the JDK would call it a form
        val request = Request(call.method, endpoint + call.path, headers + authorization + type, body, call.timeout)
        val response =
            try {
                transport.send(request)
            } catch (error: IOException) {
                throw Transient(unreachable("The service cannot be reached: ${error.message ?: error}.", error))
            }
        if (response.status in 200..299) return response
        throw problem(response)
    }

    private fun problem(response: Response): Exception {
        val body = response.body.decodeToString()
        val said = runCatching { JSON.decodeFromString(Problem.serializer(), body) }.getOrNull()
        val detail = said?.errors?.firstOrNull()?.detail?.ifEmpty { null } ?: said?.detail ?: "no problem of valetkey's"
        val text = "The service answered ${response.status}: $detail"
        val after = parseRetryAfter(response.header("Retry-After"))
        if (response.status in RETRY_STATUSES) return Transient(unreachable(text), after)
        // a portal, a firewall, a proxy without its backend: the service has said nothing of the upload
        if (said == null) return Transient(UploadException("unexpected_answer", text, isRetryable = true), after, FEW)
        return ServiceRefused(response.status, said.code, text)
    }

    private fun <T> timed(
        response: Response,
        of: DeserializationStrategy<T>,
    ): Timed<T> {
        val now = parseHttpDate(response.header("Date")) ?: Instant.now()
        return Timed(parse(response, of), TimeSource.Monotonic.markNow(), now)
    }

    /** A success that is no JSON of ours was cut, or comes from something else: it is asked for a few times. */
    private fun <T> parse(
        response: Response,
        of: DeserializationStrategy<T>,
    ): T =
        try {
            JSON.decodeFromString(of, response.body.decodeToString())
        } catch (error: SerializationException) {
            val detail = "$endpoint answered ${response.status}, and not as valetkey does."
            throw Transient(UploadException("unexpected_answer", detail, cause = error), tries = FEW)
        }

    private fun path(id: String) = "/v1/uploads/$id"
}

internal const val USER_AGENT = "valetkey-kotlin/0.1.0"

internal fun unreachable(
    detail: String,
    cause: Throwable? = null,
) = UploadException("service_unreachable", detail, isRetryable = true, cause = cause)
