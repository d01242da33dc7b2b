@file:Suppress("PackageDirectoryMismatch", "UNUSED_PARAMETER", "unused")

package android.content

import android.net.Uri
import android.os.ParcelFileDescriptor
import java.io.File
import java.io.InputStream

abstract class Context {
    val noBackupFilesDir: File get() = TODO()
    val contentResolver: ContentResolver get() = TODO()

    fun <T> getSystemService(serviceClass: Class<T>): T = TODO()
}

class ComponentName(
    context: Context,
    type: Class<*>,
)

abstract class ContentResolver {
    fun openFileDescriptor(
        uri: Uri,
        mode: String,
    ): ParcelFileDescriptor? = TODO()

    fun openInputStream(uri: Uri): InputStream? = TODO()

    fun takePersistableUriPermission(
        uri: Uri,
        modeFlags: Int,
    ): Unit = TODO()

    fun releasePersistableUriPermission(
        uri: Uri,
        modeFlags: Int,
    ): Unit = TODO()
}

class Intent {
    companion object {
        const val FLAG_GRANT_READ_URI_PERMISSION = 1
    }
}
