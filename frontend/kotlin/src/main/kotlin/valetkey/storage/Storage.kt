package valetkey.storage

import valetkey.UploadException
import valetkey.files.FileBody
import valetkey.http.Request
import valetkey.http.Response
import valetkey.http.Transport
import valetkey.retry.parseRetryAfter
import valetkey.service.Grant
import java.io.IOException
import java.util.UUID
import kotlin.time.Duration

/** The store did not take what was sent; `meaning` says what to do. */
internal class StoreProblem(
    val meaning: Meaning,
    val status: Int,
    val after: Duration?,
    detail: String,
) : Exception(detail) {
    fun toUploadException() = UploadException("store_refused", message.orEmpty(), cause = this)
}

/** No response came: nobody knows whether the store has the bytes. */
internal class NoAnswer(
    cause: IOException,
) : Exception("The store did not answer: ${cause.message ?: cause}.", cause)

/** Sends bytes to the store; each method makes one attempt, and throws [StoreProblem] and [NoAnswer]. */
internal class Storage(
    private val transport: Transport,
) {
    /** Sends a body by PUT, and returns its ETag; empty where the store gives none. */
    suspend fun put(
        operation: Operation,
        url: String,
        headers: Map<String, String>,
        body: FileBody,
    ): String = send(operation, Request("PUT", url, headers, body))

    /** Sends a form; `bodyOf` makes a body with the file between two pieces of it. */
    suspend fun post(
        grant: Grant.Post,
        bodyOf: (head: ByteArray, tail: ByteArray) -> FileBody,
    ): String {
        val boundary = UUID.randomUUID().toString()
        val fields = grant.fields.map { (name, value) -> field(boundary, name, value) }.joinToString("")
        val opening = "name=\"${grant.fileField}\"; filename=\"file\"\r\nContent-Type: application/octet-stream"
        val head = "$fields--$boundary\r\nContent-Disposition: form-data; $opening\r\n\r\n"
        val headers = mapOf("Content-Type" to "multipart/form-data; boundary=$boundary")
        val body = bodyOf(head.toByteArray(), "\r\n--$boundary--\r\n".toByteArray())
        return send(Operation.POST, Request("POST", grant.url, headers, body))
    }

    private suspend fun send(
        operation: Operation,
        request: Request,
    ): String {
        val response =
            try {
                transport.send(request)
            } catch (error: IOException) {
                throw NoAnswer(error)
            }
        val error = parseError(response.body)
        val meaning = Answers.meaningOf(operation, response.status, error)
        if (meaning == Meaning.TAKEN) return bareEtag(response.header("ETag").orEmpty())
        val after = parseRetryAfter(response.header("Retry-After"))
        throw StoreProblem(meaning, response.status, after, detail(response, error))
    }

    private fun detail(
        response: Response,
        error: ErrorBody,
    ): String {
        val elsewhere = response.header("Location")?.takeIf { response.status in 300..399 }
        val said = "The store responded with ${response.status} ${error.code}. ${error.message}".trimEnd()
        return said + elsewhere?.let { " It redirects to $it." }.orEmpty()
    }
}

private fun field(
    boundary: String,
    name: String,
    value: String,
): String {
    val quoted = name.replace("\"", "%22").replace("\r", "%0D").replace("\n", "%0A")
    return "--$boundary\r\nContent-Disposition: form-data; name=\"$quoted\"\r\n\r\n$value\r\n"
}

/** An ETag as S3 gave it: some proxies weaken those of responses that they pass on. */
internal fun bareEtag(etag: String): String = etag.trim().trim('"').removePrefix("W/").trim('"')
