@file:Suppress("PackageDirectoryMismatch", "unused")

package android.content.pm

class ServiceInfo {
    companion object {
        const val FOREGROUND_SERVICE_TYPE_DATA_SYNC = 1
    }
}
