package example

import android.app.job.JobInfo
import android.app.job.JobScheduler
import android.content.ComponentName
import android.content.Context
import android.net.Network
import android.net.Uri
import android.os.Build
import android.os.PersistableBundle
import androidx.work.Constraints
import androidx.work.ExistingWorkPolicy
import androidx.work.NetworkType
import androidx.work.OneTimeWorkRequestBuilder
import androidx.work.WorkManager
import androidx.work.workDataOf
import valetkey.Outcome
import valetkey.UploadClient
import valetkey.UploadOptions
import valetkey.http.HttpTransport
import java.io.File
import java.net.HttpURLConnection
import java.net.URL

/** Where the application's uploads are kept, and who runs them. */
object Uploads {
    const val ID = "id"

    /** A client for one run; `network` is the one that the system gave the job, if it gave one. */
    fun client(
        context: Context,
        network: Network? = null,
    ) = UploadClient(
        endpoint = "https://uploads.example",
        folder = File(context.noBackupFilesDir, "uploads"), // it holds tickets: no backup, no other device
        token = { YourServer.uploadTicket() },
        transport = HttpTransport { (network?.openConnection(it) ?: it.openConnection()) as HttpURLConnection },
        open = { ContentSource(context.contentResolver, Uri.parse(it)) },
    )

    /**
     * The user chose something to upload. Call it while the application is visible: Android 14 starts no such job
     * otherwise.
     */
    suspend fun add(
        context: Context,
        id: String,
        uri: Uri,
        contentType: String,
    ) {
        // the permission for a content:// URI ends with the process, unless it is taken for good
        val source = ContentSource(context.contentResolver, uri)
        client(context).add(id, uri.toString(), UploadOptions(contentType, filename = source.name))
        schedule(context, id, source.size)
    }

    /**
     * After a start of the application: what the system forgot (a forced stop) goes on, and the user sees what became
     * of the others.
     */
    suspend fun resume(context: Context): Map<String, Outcome?> {
        val entries = client(context).entries()
        for (entry in entries) if (entry.outcome == null) schedule(context, entry.id, bytes = 0)
        return entries.associate { it.id to it.outcome }
    }

    private fun schedule(
        context: Context,
        id: String,
        bytes: Long,
    ) {
        val hasJobs = Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE
        if (hasJobs) scheduleJob(context, id, bytes) else enqueueWork(context, id)
    }

    /** A user-initiated data transfer, which may take hours and survives the application's end (API level 34). */
    private fun scheduleJob(
        context: Context,
        id: String,
        bytes: Long,
    ) {
        val scheduler = context.getSystemService(JobScheduler::class.java)
        val number = id.hashCode()
        if (scheduler.getPendingJob(number) != null) return // to schedule it again would stop it
        val job =
            JobInfo
                .Builder(number, ComponentName(context, UploadJob::class.java))
                .setUserInitiated(true)
                .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY)
                .setEstimatedNetworkBytes(0, bytes)
                .setExtras(PersistableBundle().apply { putString(ID, id) })
                .build()
        scheduler.schedule(job)
    }

    private fun enqueueWork(
        context: Context,
        id: String,
    ) {
        val request =
            OneTimeWorkRequestBuilder<UploadWorker>()
                .setInputData(workDataOf(ID to id))
                .setConstraints(Constraints.Builder().setRequiredNetworkType(NetworkType.CONNECTED).build())
                .build()
        WorkManager.getInstance(context).enqueueUniqueWork("upload-$id", ExistingWorkPolicy.KEEP, request)
    }
}

/** Your server's: it asks valetkey for a ticket of the user (`POST /v1/tickets`), and passes it on. */
object YourServer {
    fun uploadTicket(): String {
        val connection = URL("https://your-server.example/upload-ticket").openConnection() as HttpURLConnection
        connection.requestMethod = "POST"
        return connection.inputStream.bufferedReader().use { it.readText() }
    }
}
