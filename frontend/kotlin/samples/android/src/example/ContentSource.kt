package example

import android.content.ContentResolver
import android.net.Uri
import android.os.ParcelFileDescriptor
import valetkey.files.Source
import java.io.FileNotFoundException
import java.io.InputStream

/** What the user picked, behind a `content://` URI. */
class ContentSource(
    private val resolver: ContentResolver,
    private val uri: Uri,
) : Source {
    val name: String? get() = uri.lastPathSegment?.substringAfterLast('/')

    override val size: Long = descriptor().use { it.statSize }
    override val lastModified: Long = 0 // nobody says: the client compares digests once all is sent

    override fun open(offset: Long): InputStream {
        val stream = ParcelFileDescriptor.AutoCloseInputStream(descriptor())
        stream.channel.position(offset)
        return stream
    }

    /**
     * A provider that streams, such as of a document that is made on the fly, has no size: copy it to a file of your
     * own first.
     */
    private fun descriptor(): ParcelFileDescriptor {
        val opened =
            try {
                resolver.openFileDescriptor(uri, "r")
            } catch (error: SecurityException) { // its permission has ended, or was taken back
                throw FileNotFoundException("$uri: ${error.message}")
            } ?: throw FileNotFoundException("$uri")
        if (opened.statSize >= 0) return opened
        opened.close()
        throw FileNotFoundException("$uri has no size")
    }
}
