@file:Suppress("PackageDirectoryMismatch", "UNUSED_PARAMETER", "unused")

package android.net

import java.net.URL
import java.net.URLConnection

class Network {
    fun openConnection(url: URL): URLConnection = TODO()
}

abstract class Uri {
    abstract val lastPathSegment: String?

    companion object {
        fun parse(uri: String): Uri = TODO()
    }
}
