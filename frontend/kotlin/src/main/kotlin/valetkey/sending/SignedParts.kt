package valetkey.sending

import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import valetkey.service.Grant
import valetkey.service.SignedPart
import valetkey.service.SignedParts
import valetkey.service.Timed
import kotlin.time.Duration.Companion.seconds

/** How many parts are signed by one call: few, as a signature lives for minutes, and a phone may be slow. */
private const val BATCH = 8

/** A signature that ends sooner is not used. */
private val SPARE = 5.seconds

/** Signed parts of one upload. They are signed just before they are sent, by whoever is the first to need one. */
internal class SignatureSource(
    grant: Timed<Grant.Multipart>,
    numbers: List<Int>,
    /** Computes what the store wants with a part; null where it wants nothing. */
    private val checksum: (suspend (Int) -> String)?,
    private val sign: suspend (List<Int>, Map<Int, String>?) -> Timed<SignedParts>,
) {
    private class Ready(
        val part: SignedPart,
        private val from: Timed<*>,
    ) {
        val isGood get() = from.until(part.expiresAt) > SPARE
    }

    private val lock = Mutex()
    private val unsigned = ArrayDeque(numbers)
    private val ready = grant.value.parts.associateTo(HashMap()) { it.number to Ready(it, grant) }

    /** A signature for a part; a `fresh` one is made now. */
    suspend fun take(
        number: Int,
        fresh: Boolean,
    ): SignedPart {
        checksum?.let { return sign(listOf(number), mapOf(number to it(number))).value.parts.first() }
        return lock.withLock {
            unsigned.remove(number)
            val known = ready.remove(number)
            if (known != null && known.isGood && !fresh) known.part else signNow(number)
        }
    }

    private suspend fun signNow(number: Int): SignedPart {
        val batch = listOf(number) + unsigned.filter { ready[it]?.isGood != true }.take(BATCH - 1)
        val signed = sign(batch, null)
        for (part in signed.value.parts) ready[part.number] = Ready(part, signed)
        return checkNotNull(ready.remove(number)) { "The service signed other parts than were asked for." }.part
    }
}
