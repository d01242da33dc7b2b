package valetkey.transfer

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonPrimitive
import valetkey.Outcome
import valetkey.Upload
import valetkey.UploadException
import valetkey.files.FileBody
import valetkey.files.Fingerprint
import valetkey.files.Range
import valetkey.files.Source
import valetkey.files.changed
import valetkey.files.digest
import valetkey.files.fingerprint
import valetkey.files.hex
import valetkey.files.unlessUnreadable
import valetkey.records.PartJournal
import valetkey.records.Record
import valetkey.records.Records
import valetkey.retry.Retry
import valetkey.retry.Transient
import valetkey.sending.MultipartGone
import valetkey.sending.OtherFile
import valetkey.sending.PartSender
import valetkey.sending.ProgressMeter
import valetkey.sending.deliver
import valetkey.service.Grant
import valetkey.service.Granted
import valetkey.service.NamedPart
import valetkey.service.Service
import valetkey.service.ServiceRefused
import valetkey.service.Timed
import valetkey.storage.Operation
import valetkey.storage.Storage
import java.util.Base64
import java.util.UUID
import kotlin.coroutines.coroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What all transfers of one client share. */
internal class TransferContext(
    val records: Records,
    val service: Service,
    val storage: Storage,
    val retry: Retry,
    val open: (String) -> Source,
    /** How many parts are sent at once. */
    val parallel: Int,
    /** How long the service is waited for once everything is sent. */
    val settleFor: Duration,
)

/** The upload goes on as a new one: it is of another file, or the service takes no more for it. */
private class StartAnew(
    val why: Exception,
) : Exception(why)

/** The store has other parts than were sent. */
private class PartsLost(
    val why: Exception,
) : Exception(why)

private const val MAX_ROUNDS = 4 // times that parts which the store lost are sent again
private const val MAX_BEGINNINGS = 3
private val SPARE = 5.seconds
private val MIN_PAUSE = 100.milliseconds
private const val UNDATED = 0L
private val PARTS_PROBLEMS = setOf("parts_missing", "parts_mismatch")

/** Takes one upload to its end, from wherever its record says that it is. */
internal class Transfer(
    private val context: TransferContext,
    private var record: Record,
    private val meterOf: (total: Long) -> ProgressMeter,
) {
    private val service get() = context.service
    private val journal: PartJournal = context.records.parts(record.id)
    private var known: List<NamedPart>? = null

    suspend fun run(): Outcome {
        record.ended?.let { return outcomeOf(it) }
        var last: Exception? = null
        repeat(MAX_BEGINNINGS) {
            try {
                return if (record.sent) settle() else sendFile()
            } catch (anew: StartAnew) {
                last = anew.why
                startAnew()
            } catch (lost: PartsLost) { // the store has lost some of what an earlier run sent
                last = lost.why
                save(record.copy(sent = false))
            }
        }
        throw asUploadException(checkNotNull(last))
    }

    private suspend fun sendFile(): Outcome {
        val source = open()
        requireSameFile(source)
        val created = record.created
        val run = Run(source)
        return if (created == null) run.begin() else run.resume(created)
    }

    private fun open(): Source = unlessUnreadable { context.open(record.location) }

    private suspend fun requireSameFile(source: Source) {
        if (fingerprintOf(source) != record.fingerprint) throw StartAnew(changed())
    }

    /** The record of the new upload is there before the old one is ended: whatever kills us, one of them goes on. */
    private suspend fun startAnew() {
        val old = record.created
        val fingerprint = fingerprintOf(open())
        val checksum = record.request["checksum"]?.let { mapOf("checksum" to checksumOf(open())) }.orEmpty()
        val chosen = record.request["method"].takeIf { record.hasMethod }
        val method = chosen ?: methodFor(fingerprint.size, checksum.isNotEmpty())
        val facts = mapOf("size" to JsonPrimitive(fingerprint.size), "method" to method)
        journal.clear()
        known = null
        save(
            record.copy(
                fingerprint = fingerprint,
                request = JsonObject(record.request + facts + checksum),
                key = newKey(),
                token = null,
                created = null,
                sent = false,
            ),
        )
        if (old != null) {
            try {
                service.abort(old.uploadId, old.ticket)
            } catch (_: ServiceRefused) { // it has ended; a ticket deletes nothing that is confirmed
            } catch (_: Transient) { // it ends by itself
            }
        }
    }

    /** One attempt to send the file. */
    private inner class Run(
        private val source: Source,
    ) {
        private val meter = meterOf(source.size)

        /** What was sent of the whole file; one whose response was lost may have arrived. */
        private val bodies = mutableListOf<FileBody>()
        private val sender by lazy {
            val id = checkNotNull(record.created).uploadId
            val ticket = { checkNotNull(record.created).ticket }
            PartSender(source, id, ticket, journal, service, context.storage, context.retry, meter, context.parallel)
        }

        suspend fun begin(): Outcome {
            val granted = create()
            val (upload, grant) = granted.value.upload to granted.value.grant
            val inParts = grant is Grant.Multipart
            save(record.copy(token = null, created = Record.Created(upload.id, granted.value.ticket, inParts)))
            return if (grant == null) resume(checkNotNull(record.created)) else send(granted)
        }

        suspend fun resume(created: Record.Created): Outcome {
            val upload = unlessForgotten { service.get(created.uploadId, created.ticket) }
            when (upload.state) {
                Upload.State.PENDING, Upload.State.EXPIRED -> Unit
                Upload.State.ABORTED, Upload.State.DELETED -> throw ended(upload)
                else -> return settleFound(created)
            }
            if (!created.inParts) { // its bytes may have arrived, and nobody said so
                val completion = unlessForgotten { service.complete(created.uploadId, created.ticket, null) }
                if (completion.upload.state != upload.state) return settleFound(created)
            }
            return send(null)
        }

        /** The bytes were there already: those of this file? */
        private suspend fun settleFound(created: Record.Created): Outcome {
            val outcome = settle(keep = false)
            val stored = (outcome as? Outcome.Confirmed)?.upload?.stored
            val isProven = stored == null || record.fingerprint.whole || isObject(created, stored.etag)
            if (!isProven) throw StartAnew(OtherFile())
            if (outcome !is Outcome.Sent) save(record.copy(sent = true, ended = outcome.upload))
            return outcome
        }

        private suspend fun isObject(
            created: Record.Created,
            etag: String,
        ): Boolean {
            if (created.inParts) {
                val partSize = service.listParts(created.uploadId, created.ticket).partSize
                return sender.isObject(etag, partSize)
            }
            return etag == md5(source)
        }

        private suspend fun send(first: Timed<Granted>?): Outcome {
            var granted = first
            var last: Exception? = null
            repeat(MAX_ROUNDS) {
                try {
                    val usable = granted ?: renew() ?: return settleFound(checkNotNull(record.created))
                    sendBy(usable)
                    requireUnchanged(usable.value.grant)
                    val isSent = usable.value.grant is Grant.Multipart || bodies.any { it.md5.isNotEmpty() }
                    if (!isSent) return settleFound(checkNotNull(record.created)) // by an earlier run
                    known = if (usable.value.grant is Grant.Multipart) sender.named() else null
                    save(record.copy(sent = true))
                    return settle()
                } catch (lost: PartsLost) {
                    save(record.copy(sent = false))
                    last = lost.why
                } catch (gone: MultipartGone) {
                    last = UploadException("store_refused", gone.detail, isRetryable = true, cause = gone)
                } catch (other: OtherFile) {
                    throw StartAnew(other)
                } catch (refused: ServiceRefused) { // no part is signed any more: a renewal says why
                    if (refused.isForgotten) throw StartAnew(refused)
                    if (refused.status != CONFLICT) throw refused
                    last = refused.toUploadException()
                }
                granted = null
            }
            throw checkNotNull(last)
        }

        private suspend fun sendBy(granted: Timed<Granted>) {
            when (val grant = granted.value.grant) {
                is Grant.Multipart -> sender.send(granted.map { grant })
                is Grant.Put, is Grant.Post -> sendWhole(granted)
                null -> Unit
            }
        }

        private suspend fun sendWhole(first: Timed<Granted>) {
            val whole = Range(0, source.size)
            val moved = { bytes: Long -> meter.moved(1, bytes) }
            var granted: Timed<Granted>? = first.takeIf { it.until(checkNotNull(it.value.grant).expiresAt) > SPARE }
            context.retry.deliver(
                send = { fresh ->
                    val usable = granted?.takeIf { !fresh } ?: renew()
                    granted = usable
                    when (val grant = usable?.value?.grant) {
                        is Grant.Put -> {
                            val body = FileBody(source, whole, onSent = moved).also(bodies::add)
                            context.storage.put(Operation.PUT, grant.url, grant.headers, body)
                        }
                        is Grant.Post ->
                            context.storage.post(grant) { head, tail ->
                                FileBody(source, whole, head, tail, moved).also(bodies::add)
                            }
                        else -> "" // it is there already
                    }
                },
                find = { findWhole() },
            )
            meter.moved(1, source.size)
        }

        /** Whether an earlier request arrived: the service finds the bytes then. */
        private suspend fun findWhole(): String? {
            val created = checkNotNull(record.created)
            val found = service.complete(created.uploadId, created.ticket, null).upload
            return "".takeIf { found.state !in OPEN }
        }

        /** A file that changed on its way is no file that ever was: nobody may complete it. */
        private suspend fun requireUnchanged(grant: Grant?) {
            val now = open()
            val isDated = now.lastModified != UNDATED
            if (isDated && now.size == source.size && now.lastModified == source.lastModified) return
            requireSameFile(now)
            // the fingerprint leaves most of a large file out, and says nothing of the time in between
            if (!isWhatWasSent(now, grant)) throw StartAnew(changed())
        }

        private suspend fun isWhatWasSent(
            now: Source,
            grant: Grant?,
        ): Boolean {
            if (grant is Grant.Multipart) return sender.isOf(now, grant.partSize)
            val sent = bodies.map { it.md5 }.filter { it.isNotEmpty() }.distinct()
            return sent.isEmpty() || sent == listOf(md5(now))
        }

        private suspend fun md5(file: Source) = onDisk { file.digest("MD5", listOf(Range(0, file.size)), it) }.hex()
    }

    private suspend fun create(): Timed<Granted> {
        while (true) {
            try {
                return service.create(record.request, record.key, record.token) {
                    if (it != record.token) save(record.copy(token = it))
                }
            } catch (refused: ServiceRefused) {
                val mayDiffer = refused.code == "method_not_supported" && !record.hasMethod
                val other = if (mayDiffer) otherMethod() else null
                val method = other ?: throw refused.toUploadException()
                val request = JsonObject(record.request + ("method" to JsonPrimitive(method)))
                save(record.copy(request = request, key = newKey()))
            }
        }
    }

    /** How else the bytes may travel, where the store or the profile does not take what we prefer. */
    private fun otherMethod(): String? =
        when (record.request["method"]?.jsonPrimitive?.content) {
            "multipart" -> "put"
            "put" -> "auto"
            else -> null
        }

    /** A fresh grant; null where the bytes are there already. A ticket comes with it, which lives longer. */
    private suspend fun renew(): Timed<Granted>? {
        val created = checkNotNull(record.created)
        return try {
            unlessForgotten { service.renew(created.uploadId, created.ticket) }.also {
                save(record.copy(created = created.copy(ticket = it.value.ticket)))
            }
        } catch (refused: ServiceRefused) {
            if (refused.status != CONFLICT) throw refused.toUploadException()
            val upload = unlessForgotten { service.get(created.uploadId, created.ticket) }
            when (upload.state) {
                Upload.State.ABORTED, Upload.State.DELETED -> throw ended(upload)
                Upload.State.EXPIRED -> throw StartAnew(refused) // too old to be renewed
                Upload.State.PENDING -> if (isJoined(created)) null else throw StartAnew(refused)
                else -> null
            }
        }
    }

    /** The service renews nothing whose parts were joined: to complete it is all that is left. */
    private suspend fun isJoined(created: Record.Created): Boolean =
        created.inParts &&
            try {
                service.complete(created.uploadId, created.ticket, null).upload.state !in OPEN
            } catch (_: ServiceRefused) {
                false
            }

    /**
     * Asks the service until it has decided, or for as long as it is worth: it finds out without us. `keep` says
     * whether an end is recorded. Throws [PartsLost].
     */
    private suspend fun settle(keep: Boolean = true): Outcome {
        val created = checkNotNull(record.created)
        var last: Upload? = null
        val settled = withTimeoutOrNull(context.settleFor) { askUntilDecided(created, keep) { last = it } }
        return settled ?: Outcome.Sent(created.uploadId, last)
    }

    private suspend fun askUntilDecided(
        created: Record.Created,
        keep: Boolean,
        onUndecided: (Upload) -> Unit,
    ): Outcome {
        while (true) {
            val completion =
                try {
                    service.complete(created.uploadId, created.ticket, known)
                } catch (refused: ServiceRefused) {
                    if (refused.code in PARTS_PROBLEMS) throw PartsLost(refused.toUploadException())
                    return settleByState(created, refused, keep)
                } catch (error: UploadException) {
                    if (!error.isRetryable) throw error
                    return Outcome.Sent(created.uploadId, null)
                }
            val again = completion.again
            if (again == null || completion.upload.state in FINAL) return end(completion.upload, keep)
            onUndecided(completion.upload)
            if (again > context.settleFor) return Outcome.Sent(created.uploadId, completion.upload)
            delay(maxOf(again, MIN_PAUSE)) // "Retry-After: 0" is no reason to ask without a pause
        }
    }

    /** The ticket has ended, or there is nothing to complete: the upload itself says what became of it. */
    private suspend fun settleByState(
        created: Record.Created,
        refused: ServiceRefused,
        keep: Boolean,
    ): Outcome {
        val upload =
            try {
                val id = created.uploadId
                if (refused.isForgotten) service.getAsApplication(id) else service.get(id, created.ticket)
            } catch (again: ServiceRefused) {
                throw again.toUploadException()
            }
        return if (upload.state in FINAL) end(upload, keep) else Outcome.Sent(created.uploadId, upload)
    }

    private fun end(
        upload: Upload,
        keep: Boolean,
    ): Outcome =
        when (upload.state) {
            Upload.State.CONFIRMED, Upload.State.REJECTED -> {
                if (keep) save(record.copy(sent = true, ended = upload))
                outcomeOf(upload)
            }
            Upload.State.EXPIRED -> throw StartAnew(ended(upload))
            else -> throw ended(upload)
        }

    /** An upload that is too old, or that the service knows no more, goes on as a new one. */
    private suspend fun <T> unlessForgotten(call: suspend () -> T): T =
        try {
            call()
        } catch (refused: ServiceRefused) {
            if (refused.isForgotten) throw StartAnew(refused)
            throw refused
        }

    private fun save(changed: Record) {
        record = changed
        context.records.save(changed)
    }
}

private const val CONFLICT = 409

/** More bytes go in parts: each of them is sent again by itself, and one connection to a distant store is slow. */
private const val LARGE = 8L * 1024 * 1024

/** How a file travels: a store has the checksum of a whole file only where it came in one piece. */
internal fun methodFor(
    size: Long,
    checksum: Boolean,
) = JsonPrimitive(if (size > LARGE && !checksum) "multipart" else "put")

/** Its bytes are not there yet. */
private val OPEN = setOf(Upload.State.PENDING, Upload.State.EXPIRED)

private val FINAL = Upload.State.entries - setOf(Upload.State.PENDING, Upload.State.STORED, Upload.State.UNKNOWN)

internal fun newKey(): String = UUID.randomUUID().toString()

internal suspend fun fingerprintOf(source: Source): Fingerprint = onDisk { source.fingerprint(it) }

internal suspend fun checksumOf(source: Source): JsonObject {
    val digest = onDisk { source.digest("SHA-256", listOf(Range(0, source.size)), it) }
    val value = Base64.getEncoder().encodeToString(digest)
    return JsonObject(mapOf("algorithm" to JsonPrimitive("sha256"), "value" to JsonPrimitive(value)))
}

/** Work on a file, which may take long; its argument stops it when the coroutine is cancelled. */
private suspend fun <T> onDisk(work: (check: () -> Unit) -> T): T =
    withContext(Dispatchers.IO) {
        val context = coroutineContext
        work { context.ensureActive() }
    }

private fun ended(upload: Upload) =
    UploadException("upload_ended", "The upload is ${upload.state.name.lowercase()}: it was ended elsewhere.")

private fun outcomeOf(upload: Upload): Outcome =
    if (upload.state == Upload.State.CONFIRMED) Outcome.Confirmed(upload) else Outcome.Rejected(upload)

private fun asUploadException(error: Exception): UploadException =
    when (error) {
        is UploadException -> error
        is ServiceRefused -> error.toUploadException()
        else -> UploadException("file_changed", error.message.orEmpty(), isRetryable = true, cause = error)
    }
