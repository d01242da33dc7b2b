package valetkey.sending

import valetkey.UploadException
import valetkey.retry.FEW
import valetkey.retry.Retry
import valetkey.retry.Transient
import valetkey.storage.Meaning
import valetkey.storage.NoAnswer
import valetkey.storage.StoreProblem
import kotlin.time.Duration.Companion.seconds

/** The multipart upload is over at the store. */
internal class MultipartGone(
    val detail: String,
) : Exception(detail)

private val BUSY = 1.seconds
private const val MAX_SIGNATURES = 3
private const val PRECONDITION_FAILED = 412

/**
 * Gets one body to the store, however often that takes. Throws [UploadException] and [MultipartGone].
 *
 * @param send makes one attempt; `fresh` says that it needs another signature than the last time. Without a response
 *   that is so, too: some stores close the connection of an expired one before their response can be read
 * @param find looks whether an earlier attempt arrived whose response was lost; null where it did not
 */
internal suspend fun <T : Any> Retry.deliver(
    send: suspend (fresh: Boolean) -> T,
    find: suspend () -> T?,
): T {
    var unsure = false
    var fresh = false
    var refused = 0
    return call {
        if (unsure) find()?.let { return@call it }
        unsure = false
        try {
            send(fresh)
        } catch (problem: NoAnswer) {
            unsure = true
            fresh = true
            throw Transient(unreachable(problem))
        } catch (problem: StoreProblem) {
            fresh = problem.meaning == Meaning.FRESH
            if (fresh) refused += 1
            unsure = problem.meaning == Meaning.LOOK
            if (problem.status == PRECONDITION_FAILED && unsure) find()?.let { return@call it }
            throw whatToDo(problem, refused)
        }
    }
}

private fun unreachable(problem: Exception) =
    UploadException("store_unreachable", problem.message.orEmpty(), isRetryable = true, cause = problem)

private fun whatToDo(
    problem: StoreProblem,
    refusedSignatures: Int,
): Exception {
    val passing = unreachable(problem)
    val lasting = problem.toUploadException()
    return when (problem.meaning) {
        Meaning.AGAIN -> Transient(passing, problem.after)
        Meaning.LOOK -> {
            val tries = if (problem.status == PRECONDITION_FAILED) FEW else Int.MAX_VALUE
            Transient(passing, problem.after, tries)
        }
        Meaning.WAIT -> Transient(passing, problem.after ?: BUSY)
        Meaning.GARBLED, Meaning.ODD -> Transient(lasting, problem.after, FEW)
        Meaning.FRESH -> if (refusedSignatures < MAX_SIGNATURES) Transient(lasting, problem.after) else lasting
        Meaning.GONE -> MultipartGone(problem.message.orEmpty())
        else -> lasting
    }
}
