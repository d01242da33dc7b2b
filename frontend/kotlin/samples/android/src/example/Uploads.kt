package example

import android.app.job.JobInfo
import android.app.job.JobScheduler
import android.content.ComponentName
import android.content.Context
import android.content.Intent
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
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import valetkey.Outcome
import valetkey.Progress
import valetkey.UploadClient
import valetkey.UploadOptions
import valetkey.files.FileSource
import valetkey.http.HttpTransport
import java.io.File
import java.io.FileNotFoundException
import java.net.HttpURLConnection
import java.net.URL
import java.net.URLEncoder

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
        open = { if (it.startsWith("content:")) contentOf(context, Uri.parse(it)) else FileSource(File(it)) },
    )

    private fun contentOf(
        context: Context,
        uri: Uri,
    ) = ContentSource(context.contentResolver, uri)

    /**
     * The user chose something to upload. Call it while the application is visible: Android 14 starts no such job
     * otherwise.
     *
     * @throws java.io.IOException where it cannot be read, or not be copied
     */
    suspend fun add(
        context: Context,
        id: String,
        uri: Uri,
        contentType: String,
    ) {
        val source = contentOf(context, uri)
        val client = client(context)
        val isNew = client.entries().none { it.id == id } // a copy that is being sent stays as it is
        if (isNew) client.add(id, keep(context, id, uri), UploadOptions(contentType, filename = source.name))
        schedule(context, id, source.size)
    }

    /**
     * The permission for a content:// URI ends with the process, unless it is taken for good. What was shared by
     * another application, and not picked, offers none: it is copied. Returns the location.
     */
    private suspend fun keep(
        context: Context,
        id: String,
        uri: Uri,
    ): String =
        try {
            context.contentResolver.takePersistableUriPermission(uri, Intent.FLAG_GRANT_READ_URI_PERMISSION)
            uri.toString()
        } catch (_: SecurityException) {
            withContext(Dispatchers.IO) { copy(context, id, uri) }.path
        }

    private fun copy(
        context: Context,
        id: String,
        uri: Uri,
    ): File {
        val folder = File(context.noBackupFilesDir, "copies").apply { mkdirs() }
        val file = File(folder, URLEncoder.encode(id, "UTF-8"))
        val stream = context.contentResolver.openInputStream(uri) ?: throw FileNotFoundException("$uri")
        stream.use { from -> file.outputStream().use { from.copyTo(it) } }
        return file
    }

    /** Runs an upload, and gives back what was kept of its file once nothing can be asked of that any more. */
    suspend fun run(
        context: Context,
        id: String,
        network: Network? = null,
        onProgress: (Progress) -> Unit = {},
    ) {
        val client = client(context, network)
        if (client.run(id, onProgress) is Outcome.Sent) return // the store may lose parts until it is confirmed
        val (own, others) = client.entries().partition { it.id == id }
        val location = own.firstOrNull()?.location ?: return
        val isShared = others.any { it.location == location && (it.outcome == null || it.outcome is Outcome.Sent) }
        if (!isShared) giveBack(context, location)
    }

    private fun giveBack(
        context: Context,
        location: String,
    ) {
        if (!location.startsWith("content:")) {
            File(location).delete()
            return
        }
        val resolver = context.contentResolver
        try { // an application may keep a few hundred of them
            resolver.releasePersistableUriPermission(Uri.parse(location), Intent.FLAG_GRANT_READ_URI_PERMISSION)
        } catch (_: SecurityException) { // it had ended
        }
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
