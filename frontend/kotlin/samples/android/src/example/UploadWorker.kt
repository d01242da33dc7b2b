package example

import android.content.Context
import android.content.pm.ServiceInfo
import androidx.work.CoroutineWorker
import androidx.work.ForegroundInfo
import androidx.work.WorkerParameters
import valetkey.UploadException

/** Runs one upload by WorkManager, before Android 14. */
class UploadWorker(
    context: Context,
    parameters: WorkerParameters,
) : CoroutineWorker(context, parameters) {
    override suspend fun doWork(): Result {
        val id = inputData.getString(Uploads.ID) ?: return Result.failure()
        try {
            setForeground(getForegroundInfo())
        } catch (_: IllegalStateException) {
            // in the background, from Android 12 on: it has ten minutes then, and the next run goes on
        }
        return try {
            Uploads.run(applicationContext, id)
            Result.success() // confirmed, rejected, or sent: the service finds out without us
        } catch (error: UploadException) {
            if (error.isRetryable) Result.retry() else Result.failure()
        }
    }

    override suspend fun getForegroundInfo(): ForegroundInfo {
        val notification = Notifications.sending(applicationContext)
        return ForegroundInfo(id.hashCode(), notification, ServiceInfo.FOREGROUND_SERVICE_TYPE_DATA_SYNC)
    }
}
