@file:Suppress("PackageDirectoryMismatch", "UNUSED_PARAMETER", "unused")

package android.content

import android.net.Uri
import android.os.ParcelFileDescriptor
import java.io.File

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
}
