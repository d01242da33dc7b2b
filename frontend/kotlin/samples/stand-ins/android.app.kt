@file:Suppress("PackageDirectoryMismatch", "UNUSED_PARAMETER", "unused")

package android.app

import android.content.Context

class Notification {
    class Builder(
        context: Context,
        channelId: String,
    ) {
        fun setContentTitle(title: CharSequence): Builder = TODO()

        fun setSmallIcon(icon: Int): Builder = TODO()

        fun setOngoing(ongoing: Boolean): Builder = TODO()

        fun build(): Notification = TODO()
    }
}

class NotificationChannel(
    id: String,
    name: CharSequence,
    importance: Int,
)

class NotificationManager {
    fun createNotificationChannel(channel: NotificationChannel): Unit = TODO()

    companion object {
        const val IMPORTANCE_LOW = 2
    }
}

abstract class Service : Context()
