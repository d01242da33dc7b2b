package valetkey.sending

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import valetkey.files.FileBody
import valetkey.files.Range
import valetkey.files.Source
import valetkey.files.digest
import valetkey.files.hex
import valetkey.records.PartJournal
import valetkey.records.TakenPart
import valetkey.retry.Retry
import valetkey.service.Grant
import valetkey.service.NamedPart
import valetkey.service.Service
import valetkey.service.StoredPart
import valetkey.service.Timed
import valetkey.storage.Operation
import valetkey.storage.Storage
import valetkey.storage.bareEtag
import java.security.MessageDigest
import java.util.Base64
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.coroutines.coroutineContext

/** The file is certainly not the one whose parts the store has. */
internal class OtherFile : Exception("The file is another one than the one that was sent.")

/** Sends a file in parts: those that the store does not have of this very file. */
internal class PartSender(
    private val source: Source,
    private val uploadId: String,
    private val ticket: () -> String,
    private val journal: PartJournal,
    private val service: Service,
    private val storage: Storage,
    private val retry: Retry,
    private val meter: ProgressMeter,
    private val parallel: Int,
) {
    /** The parts that this run has sent, or has compared with the file, by number: their ETags. */
    private val ours = ConcurrentHashMap<Int, String>()

    /** The MD5 of the bytes of these parts. */
    private val sums = ConcurrentHashMap<Int, String>()
    private var count: Int? = null

    /** What the upload consists of; null where a part is not known, or has no ETag: the store's list counts then. */
    fun named(): List<NamedPart>? {
        val known = ours.toSortedMap().map { (number, etag) -> NamedPart(number, etag) }
        return known.takeIf { it.size == count && it.all { part -> part.etag.isNotEmpty() } }
    }

    /** Sends what is missing. Throws [OtherFile], [MultipartGone] and `UploadException`. */
    suspend fun send(grant: Timed<Grant.Multipart>) {
        val plan = grant.value
        val kept = compare(plan.partSize)
        ours.keys.retainAll(kept.keys)
        ours.putAll(kept)
        count = plan.partCount
        for (number in kept.keys) meter.moved(number, rangeOf(number, plan.partSize).size)
        val missing = (1..plan.partCount).filter { it !in kept }
        val checksum: suspend (Int) -> String = { sha256(rangeOf(it, plan.partSize)) }
        val signatures =
            SignatureSource(grant, missing, checksum.takeIf { plan.partChecksum != null }) { numbers, checksums ->
                service.signParts(uploadId, ticket(), numbers, checksums)
            }
        val queue = ConcurrentLinkedQueue(missing)
        coroutineScope {
            repeat(minOf(parallel, missing.size)) {
                launch { while (true) sendPart(queue.poll() ?: break, plan.partSize, signatures) }
            }
        }
    }

    /** The ETags, by number, of the parts at the store that are proven to be of this file. Throws [OtherFile]. */
    private suspend fun compare(partSize: Long): Map<Int, String> {
        val stored = service.listParts(uploadId, ticket()).parts
        return stored
            .filter { it.size == rangeOf(it.number, partSize).size && isOfThisFile(it, partSize) }
            .associate { it.number to bareEtag(it.etag) }
    }

    /**
     * By the digest that was recorded when the part was sent; else by its ETag, which is the MD5 of its bytes at most
     * stores. What proves nothing is sent again, over what is there.
     */
    private suspend fun isOfThisFile(
        part: StoredPart,
        partSize: Long,
    ): Boolean {
        val etag = bareEtag(part.etag)
        if (etag.isNotEmpty() && ours[part.number] == etag) return true
        val md5 = md5(rangeOf(part.number, partSize))
        val recorded = journal[part.number]?.takeIf { it.etag == etag }
        if (recorded != null && recorded.md5 != md5) throw OtherFile()
        val isProven = recorded != null || etag.lowercase() == md5
        if (isProven) sums[part.number] = md5
        return isProven
    }

    private suspend fun sendPart(
        number: Int,
        partSize: Long,
        signatures: SignatureSource,
    ) {
        val range = rangeOf(number, partSize)
        val body = FileBody(source, range) { meter.moved(number, it) }
        val etag =
            retry.deliver(
                send = { fresh ->
                    val signed = signatures.take(number, fresh)
                    storage.put(Operation.PART, signed.url, signed.headers, body)
                },
                find = { find(number, partSize) },
            )
        meter.moved(number, range.size)
        val md5 = body.md5.ifEmpty { md5(range) }
        ours[number] = etag
        sums[number] = md5
        journal.add(number, TakenPart(etag, md5))
    }

    /** The ETag of a part whose response was lost. */
    private suspend fun find(
        number: Int,
        partSize: Long,
    ): String? {
        val stored = service.listParts(uploadId, ticket()).parts.find { it.number == number } ?: return null
        val isOurs = stored.size == rangeOf(number, partSize).size && isOfThisFile(stored, partSize)
        return bareEtag(stored.etag).takeIf { isOurs }
    }

    private fun rangeOf(
        number: Int,
        partSize: Long,
    ): Range {
        val offset = (number - 1) * partSize
        return Range(offset, minOf(partSize, source.size - offset))
    }

    /** Whether all parts, as they were sent or compared, are those of `now`, which has the size of the file. */
    suspend fun isOf(
        now: Source,
        partSize: Long,
    ): Boolean = (1..checkNotNull(count)).all { sums[it] == now.md5(rangeOf(it, partSize)) }

    private suspend fun md5(range: Range) = source.md5(range)

    private suspend fun Source.md5(range: Range) = digestOf("MD5", range).hex()

    private suspend fun sha256(range: Range): String =
        Base64.getEncoder().encodeToString(source.digestOf("SHA-256", range))

    private suspend fun Source.digestOf(
        algorithm: String,
        range: Range,
    ): ByteArray =
        withContext(Dispatchers.IO) {
            val context = coroutineContext
            digest(algorithm, listOf(range)) { context.ensureActive() }
        }

    /** Whether an object is this file, by its ETag, or by digests that were recorded of all its parts. */
    suspend fun isObject(
        etag: String,
        partSize: Long,
    ): Boolean {
        val count = ((source.size + partSize - 1) / partSize).toInt()
        val sums = (1..count).map { md5(rangeOf(it, partSize)) }
        if ((1..count).all { journal[it]?.md5 == sums[it - 1] }) return true
        val joined = MessageDigest.getInstance("MD5").digest(sums.joinToString("").bytes()).hex()
        return etag == "$joined-$count" || etag == md5(Range(0, source.size))
    }
}

/** The bytes of hex digits. */
private fun String.bytes() = chunked(2).map { it.toInt(16).toByte() }.toByteArray()
