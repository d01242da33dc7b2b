@file:Suppress("PackageDirectoryMismatch", "UNUSED_PARAMETER", "unused")

package android.app.job

import android.app.Notification
import android.app.Service
import android.content.ComponentName
import android.net.Network
import android.os.PersistableBundle

class JobInfo {
    class Builder(
        jobId: Int,
        jobService: ComponentName,
    ) {
        fun setUserInitiated(userInitiated: Boolean): Builder = TODO()

        fun setRequiredNetworkType(networkType: Int): Builder = TODO()

        fun setEstimatedNetworkBytes(
            downloadBytes: Long,
            uploadBytes: Long,
        ): Builder = TODO()

        fun setExtras(extras: PersistableBundle): Builder = TODO()

        fun build(): JobInfo = TODO()
    }

    companion object {
        const val NETWORK_TYPE_ANY = 1
    }
}

abstract class JobScheduler {
    abstract fun schedule(job: JobInfo): Int

    abstract fun getPendingJob(jobId: Int): JobInfo?
}

class JobParameters {
    val jobId: Int get() = TODO()
    val extras: PersistableBundle get() = TODO()
    val network: Network? get() = TODO()
}

abstract class JobService : Service() {
    abstract fun onStartJob(params: JobParameters): Boolean

    abstract fun onStopJob(params: JobParameters): Boolean

    fun jobFinished(
        params: JobParameters,
        wantsReschedule: Boolean,
    ): Unit = TODO()

    fun setNotification(
        params: JobParameters,
        notificationId: Int,
        notification: Notification,
        jobEndNotificationPolicy: Int,
    ): Unit = TODO()

    fun updateTransferredNetworkBytes(
        params: JobParameters,
        transferredDownloadBytes: Long,
        transferredUploadBytes: Long,
    ): Unit = TODO()

    companion object {
        const val JOB_END_NOTIFICATION_POLICY_REMOVE = 1
    }
}
