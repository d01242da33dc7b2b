package valetkey.records

import java.io.File
import java.io.FileOutputStream

/** A part that the store has taken: its ETag, and the MD5 of the bytes that were sent. */
internal data class TakenPart(
    val etag: String,
    val md5: String,
)

/**
 * The parts that were sent, a line for each, written as they are taken: a record of 10,000 parts need not be written
 * 10,000 times.
 *
 * It need not be complete: a part that is missing here, or in a line that was half written, proves itself by its ETag
 * or is sent again.
 */
internal class PartJournal(
    private val file: File,
) {
    private val taken: MutableMap<Int, TakenPart> = read()

    operator fun get(number: Int): TakenPart? = synchronized(taken) { taken[number] }

    fun add(
        number: Int,
        part: TakenPart,
    ) = synchronized(taken) {
        taken[number] = part
        FileOutputStream(file, true).use { it.write("\n$number ${part.md5} ${part.etag}.".toByteArray()) }
    }

    fun clear() =
        synchronized(taken) {
            taken.clear()
            file.delete()
            Unit
        }

    private fun read(): MutableMap<Int, TakenPart> {
        val lines = if (file.exists()) file.readText().lines() else emptyList()
        return lines.mapNotNull(LINE::matchEntire).associateTo(HashMap()) {
            val (number, md5, etag) = it.destructured
            number.toInt() to TakenPart(etag, md5)
        }
    }
}

/** The full stop says that the line is whole. */
private val LINE = Regex("""(\d{1,5}) ([0-9a-f]{32}) (.*)\.""")
