@file:Suppress("PackageDirectoryMismatch", "UNUSED_PARAMETER", "unused", "ClassName", "ConstPropertyName")

package android.os

import java.io.Closeable
import java.io.FileInputStream

class Build {
    object VERSION {
        val SDK_INT: Int get() = TODO()
    }

    object VERSION_CODES {
        const val UPSIDE_DOWN_CAKE = 34
    }
}

class PersistableBundle {
    fun putString(
        key: String,
        value: String?,
    ): Unit = TODO()

    fun getString(key: String): String? = TODO()
}

class ParcelFileDescriptor : Closeable {
    val statSize: Long get() = TODO()

    override fun close(): Unit = TODO()

    class AutoCloseInputStream(
        descriptor: ParcelFileDescriptor,
    ) : FileInputStream("")
}
