// What the sample uses of Android, declared by hand after its reference (API level 34), so that the sample is compiled
// where there is no SDK. Nothing of it does anything.
@file:Suppress("PackageDirectoryMismatch", "UNUSED_PARAMETER", "unused", "ClassName", "ConstPropertyName")

package android

object R {
    object drawable {
        const val stat_sys_upload = 0
    }
}
