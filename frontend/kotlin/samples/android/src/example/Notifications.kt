package example

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context

/** What the user sees while something is sent. */
object Notifications {
    private const val CHANNEL = "uploads"

    fun sending(context: Context): Notification {
        val channel = NotificationChannel(CHANNEL, "Uploads", NotificationManager.IMPORTANCE_LOW)
        context.getSystemService(NotificationManager::class.java).createNotificationChannel(channel)
        return Notification
            .Builder(context, CHANNEL)
            .setContentTitle("Uploading")
            .setSmallIcon(android.R.drawable.stat_sys_upload)
            .setOngoing(true)
            .build()
    }
}
