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

    /** When it changed last, in milliseconds since the epoch; 0 where nobody knows. */
    public val lastModified: Long

    /**
     * Opens it at `offset`.
     *
     * @throws IOException where it cannot be read
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

internal fun unreadable(error: IOException) =
    UploadException("file_unreadable", "The file cannot be read: ${error.message ?: error}.", cause = error)

internal fun changed() =
    UploadException("file_changed", "The file changed while it was being sent.", isRetryable = true)
