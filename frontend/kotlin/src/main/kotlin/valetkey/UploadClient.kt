package valetkey

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import valetkey.files.FileSource
import valetkey.files.Source
import valetkey.files.unlessUnreadable
import valetkey.http.HttpTransport
import valetkey.http.Transport
import valetkey.records.Record
import valetkey.records.Records
import valetkey.retry.Retry
import valetkey.retry.RetryPolicy
import valetkey.retry.Transient
import valetkey.sending.ProgressMeter
import valetkey.service.ServiceRefused
import valetkey.service.Service
import valetkey.service.Tokens
import valetkey.storage.Storage
import valetkey.transfer.Transfer
import valetkey.transfer.TransferContext
import valetkey.transfer.checksumOf
import valetkey.transfer.fingerprintOf
import valetkey.transfer.methodFor
import valetkey.transfer.newKey
import java.io.Closeable
import java.io.File
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** What is to be known of a file when it is added. */
public class UploadOptions(
    public val contentType: String = "application/octet-stream",
    /** What the service is told; by default the last part of the location. */
    public val filename: String? = null,
    /** The profile of the service; by default the token's own, or "default". */
    public val profile: String? = null,
    /** Kept by the service beside the upload. */
    public val metadata: Map<String, String> = emptyMap(),
    /** Declares the SHA-256 of the file, for profiles that insist on a checksum. It is sent in one piece then. */
    public val checksum: Boolean = false,
    /** `put`, `multipart`, `post` or `auto`, as the service's API has them, in place of what the client chooses. */
    public val method: String? = null,
)

/** How far a file is, in bytes. Parts that the store had before count as sent. */
public class Progress(
    public val sent: Long,
    public val total: Long,
)

/** What became of an upload. */
public sealed interface Outcome {
    /** What the service said of it last; null where it could not be asked. */
    public val upload: Upload?

    /** The service has seen the object, and it is what was granted. */
    public class Confirmed(
        override val upload: Upload,
    ) : Outcome

    /**
     * The object is not what was granted; `upload.reason` says why. Another attempt with the same file ends in the same
     * way.
     */
    public class Rejected(
        override val upload: Upload,
    ) : Outcome

    /**
     * The store has all bytes, and the service has not said yet what it makes of them. Nothing is left to do: the
     * store's event, or the service's sweep, confirms the upload, and the service tells your server. Run it again
     * whenever you want to know.
     */
    public class Sent(
        public val uploadId: String,
        override val upload: Upload?,
    ) : Outcome
}

/** An upload in the records. */
public class UploadEntry internal constructor(
    /** The application's. */
    public val id: String,
    public val location: String,
    /** The service's id; null before it was created. */
    public val uploadId: String?,
    /** Null while bytes have to be sent. */
    public val outcome: Outcome?,
)

/**
 * Uploads files by valetkey, through the death of the process.
 *
 * [add] writes an upload to disk, [run] takes it to its end from wherever it is, now or in another process. Any number
 * of clients, also in several processes, may use one folder: each upload is run by one of them at a time.
 *
 * @param endpoint the address of the service
 * @param folder where the records are; they hold tickets, so it belongs to the application alone (on Android
 *   `noBackupFilesDir`)
 * @param token gives the credential for new uploads, such as a profile ticket from the application's server; it is
 *   called again when the service takes that no longer. Null sends none
 * @param open opens what a location names; by default it is a path
 * @param parallel how many parts of one file are sent at once
 * @param settleFor how long the service is waited for after the last byte, before the outcome is [Outcome.Sent]
 */
public class UploadClient(
    endpoint: String,
    folder: File,
    token: suspend () -> String? = { null },
    transport: Transport = HttpTransport(),
    retry: RetryPolicy = RetryPolicy(),
    private val open: (String) -> Source = { FileSource(File(it)) },
    parallel: Int = 4,
    settleFor: Duration = 30.seconds,
) {
    private val records = Records(folder)
    private val context =
        Retry(retry).let {
            val service = Service(endpoint.trimEnd('/'), Tokens(token), transport, it)
            TransferContext(records, service, Storage(transport), it, open, parallel, settleFor)
        }

    init {
        require(endpoint.startsWith("https://") || endpoint.startsWith("http://")) { "$endpoint is no address" }
        require(parallel > 0) { "parallel has to be at least 1" }
    }

    /**
     * Writes an upload to disk; nothing is sent yet. Where there is one with this `id` already, that one stays as it
     * is.
     *
     * @param id the application's own, such as the id of a photo
     * @param location what is to be sent: a path, or what the client's `open` understands
     * @throws UploadException `file_unreadable`
     */
    public suspend fun add(
        id: String,
        location: String,
        options: UploadOptions = UploadOptions(),
    ): UploadEntry =
        withContext(Dispatchers.IO) {
            records.load(id)?.let { return@withContext entryOf(it) }
            val record = newRecord(id, location, options)
            val lock = records.lock(id)
            lock.use {
                val there = records.load(id)
                if (there == null && lock == null) throw running(id)
                if (there == null) records.save(record)
                entryOf(there ?: record)
            }
        }

    /**
     * Takes an upload to its end: creates it, sends what the store does not have yet, and waits a moment for the
     * service. It may be called again at any time, also after its coroutine was cancelled or the process was killed;
     * what has ended stays as it ended.
     *
     * @param onProgress is called a few times a second, on threads of its own
     * @throws UploadException where it did not get to its end; `isRetryable` says whether another run may
     */
    public suspend fun run(
        id: String,
        onProgress: (Progress) -> Unit = {},
    ): Outcome =
        withContext(Dispatchers.IO) {
            locked(id).use {
                val record = records.load(id) ?: throw UploadException("record_missing", "There is no upload $id.")
                unwrapped { Transfer(context, record) { total -> ProgressMeter(total, onProgress) }.run() }
            }
        }

    /** All uploads in the folder, without asking anybody; a record that cannot be read is left out. */
    public suspend fun entries(): List<UploadEntry> = withContext(Dispatchers.IO) { records.all().map(::entryOf) }

    /** Forgets an upload: what the service has of it stays, or expires. */
    public suspend fun forget(id: String): Unit = withContext(Dispatchers.IO) { locked(id).use { records.delete(id) } }

    /**
     * Ends an upload here and, where it can be reached, at the service. A confirmed one stays there. Where it is being run,
     * cancel that coroutine first.
     */
    public suspend fun cancel(id: String): Unit =
        withContext(Dispatchers.IO) {
            locked(id).use {
                val created = records.load(id)?.created
                records.delete(id)
                if (created != null) {
                    try {
                        context.service.abort(created.uploadId, created.ticket)
                    } catch (_: ServiceRefused) { // it has ended
                    } catch (_: Transient) { // it expires by itself
                    }
                }
            }
        }

    private suspend fun newRecord(
        id: String,
        location: String,
        options: UploadOptions,
    ): Record {
        val source = unlessUnreadable { open(location) }
        val wanted =
            buildMap {
                put("filename", JsonPrimitive(options.filename ?: location.substringAfterLast('/')))
                put("content_type", JsonPrimitive(options.contentType))
                put("size", JsonPrimitive(source.size))
                put("metadata", JsonObject(options.metadata.mapValues { JsonPrimitive(it.value) }))
                options.profile?.let { put("profile", JsonPrimitive(it)) }
                if (options.checksum) put("checksum", checksumOf(source))
                val method = options.method?.let(::JsonPrimitive) ?: methodFor(source.size, options.checksum)
                put("method", method)
            }
        val chosen = options.method != null
        return Record(id, location, fingerprintOf(source), JsonObject(wanted), newKey(), chosen)
    }

    private fun locked(id: String): Closeable = records.lock(id) ?: throw running(id)
}

private fun running(id: String) =
    UploadException("already_running", "Upload $id is being run elsewhere.", isRetryable = true)

private fun entryOf(record: Record): UploadEntry {
    val uploadId = record.created?.uploadId
    val outcome =
        record.ended?.let { if (it.state == Upload.State.CONFIRMED) Outcome.Confirmed(it) else Outcome.Rejected(it) }
            ?: uploadId?.takeIf { record.sent }?.let { Outcome.Sent(it, null) }
    return UploadEntry(record.id, record.location, uploadId, outcome)
}

private suspend fun <T> unwrapped(work: suspend () -> T): T =
    try {
        work()
    } catch (refused: ServiceRefused) {
        throw refused.toUploadException()
    } catch (problem: Transient) {
        throw problem.error
    }
