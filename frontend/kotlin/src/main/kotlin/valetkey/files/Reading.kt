package valetkey.files

import kotlinx.serialization.Serializable
import valetkey.UploadException
import valetkey.http.RequestBody
import java.io.OutputStream
import java.security.MessageDigest

/** Bytes that are read between two looks whether to go on. */
private const val STEP = 64 * 1024

/** Files up to this size are recognised by all of their bytes: nothing else has to prove then that one is the same. */
private const val WHOLE = 16L * 1024 * 1024

private const val SAMPLES = 8
private const val SAMPLE_SIZE = 64L * 1024

/** A part of a file. */
internal class Range(
    val offset: Long,
    val size: Long,
)

/**
 * By what a later run knows a file again: another fingerprint is another file. Dates prove nothing, and are not in it.
 */
@Serializable
internal data class Fingerprint(
    val size: Long,
    /** SHA-256 of the whole file, or of a few pieces of a large one. */
    val sha256: String,
    /** Whether it is of the whole file, so that the same fingerprint is the same file. */
    val whole: Boolean,
)

/**
 * Calls `onBytes` with all bytes of a range; `check` is called before each step and stops it by throwing.
 *
 * @throws UploadException `file_unreadable`, and `file_changed` where the file ends before the range does
 */
internal fun Source.read(
    range: Range,
    check: () -> Unit,
    onBytes: (ByteArray, Int) -> Unit,
) {
    val stream = unlessUnreadable { open(range.offset) }
    stream.use {
        val piece = ByteArray(STEP)
        var left = range.size
        while (left > 0) {
            check()
            val count = unlessUnreadable { stream.read(piece, 0, minOf(left, STEP.toLong()).toInt()) }
            if (count < 0) throw changed()
            onBytes(piece, count)
            left -= count
        }
    }
}

internal fun Source.digest(
    algorithm: String,
    ranges: List<Range>,
    check: () -> Unit,
): ByteArray {
    val digest = MessageDigest.getInstance(algorithm)
    for (range in ranges) read(range, check) { bytes, count -> digest.update(bytes, 0, count) }
    return digest.digest()
}

internal fun Source.fingerprint(check: () -> Unit): Fingerprint {
    val whole = size <= WHOLE
    val ranges = if (whole) listOf(Range(0, size)) else samples(size)
    return Fingerprint(size, digest("SHA-256", ranges, check).hex(), whole)
}

private fun samples(size: Long): List<Range> {
    val step = (size - SAMPLE_SIZE) / (SAMPLES - 1)
    return List(SAMPLES) { Range(if (it == SAMPLES - 1) size - SAMPLE_SIZE else it * step, SAMPLE_SIZE) }
}

internal fun ByteArray.hex(): String = joinToString("") { "%02x".format(it) }

/** A range of a file as a body, between `head` and `tail`; it may be sent again and again. */
internal class FileBody(
    private val source: Source,
    private val range: Range,
    private val head: ByteArray = ByteArray(0),
    private val tail: ByteArray = ByteArray(0),
    private val onSent: (Long) -> Unit,
) : RequestBody {
    /** MD5 of what was sent in full last, in hex, and "" before: what an ETag is at most stores. */
    var md5: String = ""
        private set

    override val length: Long get() = head.size + range.size + tail.size
    override val isStreamed: Boolean get() = true

    override fun writeTo(sink: OutputStream) {
        val digest = MessageDigest.getInstance("MD5")
        var sent = 0L
        onSent(0)
        sink.write(head)
        source.read(range, {}) { bytes, count ->
            sink.write(bytes, 0, count)
            digest.update(bytes, 0, count)
            sent += count
            onSent(sent)
        }
        sink.write(tail)
        md5 = digest.digest().hex()
    }
}
