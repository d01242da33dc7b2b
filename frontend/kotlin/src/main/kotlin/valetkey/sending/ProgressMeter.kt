package valetkey.sending

import valetkey.Progress

private const val NOT_MORE_OFTEN = 100_000_000L // nanoseconds

/** Sums up what has moved of each part, and tells it a few times a second. */
internal class ProgressMeter(
    private val total: Long,
    private val listener: (Progress) -> Unit,
) {
    private val moved = HashMap<Int, Long>()
    private var sum = 0L
    private var told: Long? = null

    /** So many bytes of a part have moved; fewer than before where it has to be sent again. */
    @Synchronized
    fun moved(
        part: Int,
        bytes: Long,
    ) {
        sum += bytes - (moved.put(part, bytes) ?: 0)
        val now = System.nanoTime()
        if (sum != total && told?.let { now - it < NOT_MORE_OFTEN } == true) return
        told = now
        listener(Progress(sum, total))
    }
}
