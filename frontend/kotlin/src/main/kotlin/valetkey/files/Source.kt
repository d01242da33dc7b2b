package valetkey.files

import valetkey.UploadException
import java.io.File
import java.io.FileInputStream
import java.io.IOException
import java.io.InputStream

/**
 * The bytes of an upload, which have to be there until they are sent: a file, or on Android the content behind a
 * `content://` URI.
 */
public interface Source {
    /** In bytes. */
    public val size: Long

    /**
     * When it changed last, in milliseconds since the epoch; 0 where nobody knows. An undated file is read once more
     * after it was sent, and compared with what was sent.
     */
    public val lastModified: Long

    /**
     * Opens it at `offset`.
     *
     * @throws IOException where it cannot be read; Android's `SecurityException` is understood in the same way
     */
    public fun open(offset: Long): InputStream
}

/** A file, as it is now. */
public class FileSource(
    private val file: File,
) : Source {
    override val size: Long = file.length()
    override val lastModified: Long = file.lastModified()

    init {
        if (!file.isFile) throw IOException("$file is not there, or is no file.")
    }

    override fun open(offset: Long): InputStream {
        val stream = FileInputStream(file)
        try {
            stream.channel.position(offset)
            return stream
        } catch (error: IOException) {
            stream.close()
            throw error
        }
    }
}

/** Runs `read`, which asks the system for a file. Throws [UploadException] `file_unreadable`. */
internal inline fun <T> unlessUnreadable(read: () -> T): T =
    try {
        read()
    } catch (error: IOException) { // not the network's: it has to be told apart
        throw unreadable(error)
    } catch (error: SecurityException) { // the permission for a content:// URI has ended
        throw unreadable(error)
    }

private fun unreadable(error: Exception) =
    UploadException("file_unreadable", "The file cannot be read: ${error.message ?: error}.", cause = error)

internal fun changed() =
    UploadException("file_changed", "The file changed while it was being sent.", isRetryable = true)
