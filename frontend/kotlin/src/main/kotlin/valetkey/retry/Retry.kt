package valetkey.retry

import kotlinx.coroutines.delay
import valetkey.UploadException
import java.time.DateTimeException
import java.time.Duration.between
import java.time.Instant
import java.time.ZonedDateTime
import java.time.format.DateTimeFormatter.RFC_1123_DATE_TIME
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlin.time.toKotlinDuration

/** A failure that may pass; `error` is thrown where it does not. */
internal class Transient(
    val error: UploadException,
    val after: Duration? = null,
    /** How often it may happen in a row: some answers should never come. */
    val tries: Int = Int.MAX_VALUE,
) : Exception(error.message, error)

internal const val FEW = 3

/** Attempts that are made however long each of them takes. */
private const val MIN_ATTEMPTS = 3

internal class Retry(
    private val policy: RetryPolicy,
) {
    /** Calls `attempt` until it returns; it throws [Transient] to be called again. Throws the last failure's error. */
    suspend fun <T> call(attempt: suspend () -> T): T {
        var failures = 0
        var since = TimeSource.Monotonic.markNow()
        while (true) {
            try {
                return attempt()
            } catch (problem: Transient) {
                if (failures == 0) since = TimeSource.Monotonic.markNow()
                failures += 1
                val pause = maxOf(problem.after ?: Duration.ZERO, pauseAfter(failures))
                val late = since.elapsedNow() + pause > policy.patience
                if (failures >= problem.tries || (late && failures >= MIN_ATTEMPTS)) throw problem.error
                delay(minOf(pause, policy.patience))
            }
        }
    }

    /** Half of it is random, so that parts that failed together do not come back together. */
    private fun pauseAfter(failures: Int): Duration {
        val longest = minOf(policy.maxDelay, policy.delay * (1 shl minOf(failures - 1, 16)))
        return longest * Random.nextDouble(0.5, 1.0)
    }
}

/** What `Retry-After` asks for; null where it is neither seconds nor a date (RFC 9110). */
internal fun parseRetryAfter(
    value: String?,
    now: Instant = Instant.now(),
): Duration? {
    val text = value?.trim().orEmpty()
    if (text.isNotEmpty() && text.all { it in '0'..'9' }) return text.toLongOrNull()?.seconds
    val date = parseHttpDate(text) ?: return null
    return between(now, date).toKotlinDuration().coerceAtLeast(Duration.ZERO)
}

/** A date as HTTP writes it. */
internal fun parseHttpDate(value: String?): Instant? =
    try {
        value?.let { ZonedDateTime.parse(it, RFC_1123_DATE_TIME).toInstant() }
    } catch (_: DateTimeException) {
        null
    }
