package valetkey

import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import valetkey.retry.Retry
import valetkey.retry.RetryPolicy
import valetkey.retry.Transient
import valetkey.retry.parseRetryAfter
import valetkey.sending.MultipartGone
import valetkey.sending.deliver
import valetkey.storage.Meaning
import valetkey.storage.NoAnswer
import valetkey.storage.StoreProblem
import java.io.IOException
import java.time.Instant
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What is tried again, how often, and what is looked at before. */
class RetryTest {
    private val policy = RetryPolicy(delay = 1.milliseconds, maxDelay = 2.milliseconds, patience = 100.milliseconds)
    private val retry = Retry(policy)
    private val log = mutableListOf<String>()

    private fun problem(
        meaning: Meaning,
        status: Int = 500,
    ) = StoreProblem(meaning, status, null, "$meaning")

    /** Delivers with a store that fails so, one after the other, and then takes it; what `find` finds is `found`. */
    private fun deliver(
        vararg failures: Exception,
        found: String? = null,
    ): String =
        runBlocking {
            val left = failures.toMutableList()
            retry.deliver(
                send = { fresh ->
                    log += if (fresh) "fresh" else "send"
                    left.removeFirstOrNull()?.let { throw it }
                    "sent"
                },
                find = { found.also { log += "find" } },
            )
        }

    @Test fun `what passes by itself is sent again as it was`() {
        assertEquals("sent", deliver(problem(Meaning.AGAIN), problem(Meaning.GARBLED)))
        assertEquals(listOf("send", "send", "send"), log)
    }

    @Test fun `a refused signature is replaced, but not for ever`() {
        assertEquals("sent", deliver(problem(Meaning.FRESH), problem(Meaning.FRESH)))
        assertEquals(listOf("send", "fresh", "fresh"), log)
        val refused = assertThrows(UploadException::class.java) { deliver(*Array(9) { problem(Meaning.FRESH) }) }
        assertEquals("store_refused", refused.code)
    }

    @Test fun `without an answer it is looked whether it arrived`() {
        assertEquals("there", deliver(NoAnswer(IOException("cut")), found = "there"))
        assertEquals(listOf("send", "find"), log)
        log.clear()
        assertEquals("sent", deliver(NoAnswer(IOException("cut"))))
        assertEquals(listOf("send", "find", "fresh"), log)
    }

    @Test fun `412 is looked at at once, and believed a few times only`() {
        assertEquals("there", deliver(problem(Meaning.LOOK, 412), found = "there"))
        assertEquals(listOf("send", "find"), log)
        assertThrows(UploadException::class.java) { deliver(*Array(9) { problem(Meaning.LOOK, 412) }) }
    }

    @Test fun `what no other attempt helps is said at once`() {
        val others = setOf("TAKEN", "AGAIN", "WAIT", "GARBLED", "ODD", "FRESH", "LOOK", "GONE")
        for (meaning in Meaning.entries.filter { it.name !in others }) {
            log.clear()
            val error = assertThrows(UploadException::class.java) { deliver(problem(meaning)) }
            assertEquals("store_refused" to false, error.code to error.isRetryable)
            assertEquals(listOf("send"), log)
        }
        assertThrows(MultipartGone::class.java) { deliver(problem(Meaning.GONE)) }
    }

    @Test fun `patience ends, and begins with the first failure`() {
        val began = System.nanoTime()
        val error = assertThrows(UploadException::class.java) { deliver(*Array(100_000) { problem(Meaning.AGAIN) }) }
        assertEquals("store_unreachable" to true, error.code to error.isRetryable)
        assertTrue(log.size >= 3 && System.nanoTime() - began < 20_000_000_000)
    }

    @Test fun `a pause that was asked for is kept`() {
        var calls = 0
        val began = System.nanoTime()
        runBlocking {
            Retry(RetryPolicy(delay = 1.milliseconds)).call {
                if (calls++ == 0) throw Transient(UploadException("busy", "busy", true), 300.milliseconds)
            }
        }
        assertTrue(System.nanoTime() - began >= 300_000_000)
    }

    @Test fun `Retry-After is seconds or a date`() {
        val now = Instant.parse("2026-11-27T10:00:00Z")
        assertEquals(7.seconds, parseRetryAfter(" 7 ", now))
        assertEquals(90.seconds, parseRetryAfter("Fri, 27 Nov 2026 10:01:30 GMT", now))
        assertEquals(0.seconds, parseRetryAfter("Fri, 27 Nov 2026 09:00:00 GMT", now))
        for (odd in listOf(null, "", "soon", "-1", "1.5", "\u0663", "9".repeat(30))) {
            assertNull(parseRetryAfter(odd, now))
        }
    }
}
