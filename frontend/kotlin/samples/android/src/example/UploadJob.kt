package example

import android.app.job.JobParameters
import android.app.job.JobService
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import valetkey.UploadException
import java.util.concurrent.ConcurrentHashMap

/** Runs one upload as a user-initiated data transfer, from Android 14 on. */
class UploadJob : JobService() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val running = ConcurrentHashMap<Int, Job>()

    override fun onStartJob(params: JobParameters): Boolean {
        val id = params.extras.getString(Uploads.ID) ?: return false
        // within seconds, or the system ends the job
        setNotification(params, params.jobId, Notifications.sending(this), JOB_END_NOTIFICATION_POLICY_REMOVE)
        running[params.jobId] = scope.launch { jobFinished(params, !upload(params, id)) }
        return true
    }

    /** Whether nothing is left to do. */
    private suspend fun upload(
        params: JobParameters,
        id: String,
    ): Boolean =
        try {
            Uploads.run(this, id, params.network) { updateTransferredNetworkBytes(params, 0, it.sent) }
            true // confirmed, rejected, or sent: the service finds out without us
        } catch (error: UploadException) {
            !error.isRetryable
        }

    /** The network is gone, or the system wants its memory: the next start goes on where this one was. */
    override fun onStopJob(params: JobParameters): Boolean {
        running.remove(params.jobId)?.cancel()
        return true
    }
}
