// Uses the generated client in Kotlin: UseKt ADDRESS KEY FILE. Prints what it saw, as JSON; so do its neighbours.
import java.io.File
import java.security.MessageDigest
import okhttp3.Headers.Companion.toHeaders
import okhttp3.MultipartBody
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody
import okhttp3.RequestBody.Companion.toRequestBody
import valetkey.client.apis.ClaimsApi
import valetkey.client.apis.PartsApi
import valetkey.client.apis.TicketsApi
import valetkey.client.apis.UploadsApi
import valetkey.client.infrastructure.ClientError
import valetkey.client.infrastructure.ClientException
import valetkey.client.infrastructure.Serializer
import valetkey.client.models.ClaimUpload
import valetkey.client.models.CreateBatch
import valetkey.client.models.CreateTicket
import valetkey.client.models.CreateUpload
import valetkey.client.models.Granted
import valetkey.client.models.MultipartGrant
import valetkey.client.models.PostGrant
import valetkey.client.models.Problem
import valetkey.client.models.PutGrant
import valetkey.client.models.Refused
import valetkey.client.models.State

const val NOBODY = "0197f7a0-0000-7000-8000-000000000000"
val http = OkHttpClient()

fun wanted(method: CreateUpload.Method, size: Long, contentType: String = "video/mp4") =
    CreateUpload(filename = "film.mp4", contentType = contentType, size = size, method = method, signedParts = 1000)

fun send(method: String, url: String, headers: Map<String, String>, body: RequestBody) {
    val request = Request.Builder().url(url).headers(headers.toHeaders()).method(method, body).build()
    http.newCall(request).execute().use { check(it.isSuccessful) { it.body.string() } }
}

/** Sends the file, and says how, and in how many parts. */
fun send(granted: Granted, content: ByteArray, parts: PartsApi): List<Any> =
    when (val grant = granted.grant?.actualInstance) {
        is PostGrant -> {
            val form = MultipartBody.Builder().setType(MultipartBody.FORM)
            for ((name, value) in grant.fields) form.addFormDataPart(name, value)
            form.addFormDataPart(grant.fileField.value, "film.mp4", content.toRequestBody())
            send("POST", grant.url, emptyMap(), form.build())
            listOf(grant.method.value, 1)
        }
        is PutGrant -> {
            send("PUT", grant.url, grant.headers, content.toRequestBody())
            listOf(grant.method.value, 1)
        }
        is MultipartGrant -> {
            check(grant.parts.size == grant.partCount)
            for (part in grant.parts) {
                val start = ((part.number - 1) * grant.partSize).toInt()
                send("PUT", part.url, part.headers, content.toRequestBody(null, start, part.size!!.toInt()))
            }
            listOf(grant.method.value, parts.listParts(granted.upload.id).parts.size)
        }
        else -> error("no grant")
    }

fun main(args: Array<String>) {
    val (address, key, file) = args
    val content = File(file).readBytes()
    val tickets = TicketsApi(address).apply { accessTokenProvider = { key } }
    val ticket = tickets.createTicket(CreateTicket(profile = "mobile", owner = "ann", ttl = 600)).ticket
    val uploads = UploadsApi(address).apply { accessTokenProvider = { ticket } }
    val parts = PartsApi(address).apply { accessTokenProvider = { ticket } }
    val ids = mutableListOf<String>()
    val methods = listOf(CreateUpload.Method.post, CreateUpload.Method.put, CreateUpload.Method.multipart)
    val sent = methods.map { method ->
        val granted = uploads.createUpload(wanted(method, content.size.toLong()), idempotencyKey = "kotlin-$method")
        ids += granted.upload.id
        send(granted, content, parts).also { check(uploads.completeUpload(granted.upload.id).state == State.confirmed) }
    }
    val large = uploads.createUpload(wanted(CreateUpload.Method.multipart, 3L * 1024 * 1024 * 1024 + 1))
    uploads.removeUpload(large.upload.id)
    val auto = CreateUpload.Method.auto
    val batch = uploads.createBatch(CreateBatch(listOf(wanted(auto, 1), wanted(auto, 1, "nonsense"))))
    val seen = uploads.listUploads(id = ids + NOBODY)
    val problem = try {
        listOf(uploads.getUpload(NOBODY).id)
    } catch (refused: ClientException) {
        val body = (refused.response as ClientError<*>).body as String
        listOf(refused.statusCode, Serializer.gson.fromJson(body, Problem::class.java).code)
    }
    val url = uploads.downloadUpload(ids[2]).url
    val bytes = http.newCall(Request.Builder().url(url).build()).execute().use { it.body.bytes() }
    val claims = ClaimsApi(address).apply { accessTokenProvider = { key } }
    val claimed = claims.claimUpload(ids[0], ClaimUpload(reference = "post:17", owner = "ann")).claim?.reference
    val shown = mapOf(
        "sent" to sent,
        "states" to seen.uploads.map { it.state.value },
        "sizes" to seen.uploads.map { it.size },
        "nobody" to seen.notFound?.map { it == NOBODY },
        "large" to large.upload.size,
        "batch" to batch.results.map {
            when (val result = it.actualInstance) {
                is Granted -> result.upload.state.value
                is Refused -> result.error.code
                else -> null
            }
        },
        "problem" to problem,
        "bytes" to MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) },
        "claimed" to claimed,
    )
    println(Serializer.gson.toJson(shown))
    http.dispatcher.executorService.shutdown()
    http.connectionPool.evictAll()
    kotlin.system.exitProcess(0) // the generated clients have a pool of their own, whose threads would be waited for
}
