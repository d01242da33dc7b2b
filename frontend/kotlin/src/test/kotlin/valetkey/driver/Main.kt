package valetkey.driver

import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withPermit
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put
import valetkey.Outcome
import valetkey.UploadClient
import valetkey.UploadException
import valetkey.UploadOptions
import valetkey.files.FileSource
import valetkey.files.Source
import valetkey.http.HttpTransport
import valetkey.http.Request
import valetkey.http.Response
import valetkey.http.Transport
import valetkey.retry.RetryPolicy
import valetkey.retry.parseHttpDate
import valetkey.storage.Answers
import valetkey.storage.Operation
import valetkey.storage.parseError
import java.io.File
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter.RFC_1123_DATE_TIME
import java.util.Base64
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/*
 * An application without a screen, for tests that kill it: `run NAME=VALUE...` adds files and runs all that is in the
 * folder, and says in lines of JSON what happens; `answers` reads what stores answered, one a line, and says what each
 * means.
 */
fun main(arguments: Array<String>) {
    val given = arguments.drop(1).associate { it.substringBefore('=') to it.substringAfter('=') }
    when (arguments.firstOrNull()) {
        "run" -> runAll(given)
        "answers" -> answers()
        else -> exitProcess(2)
    }
}

private fun runAll(given: Map<String, String>) =
    runBlocking {
        val patience = (given["patience"] ?: "60").toInt().seconds
        val client =
            UploadClient(
                endpoint = given.getValue("endpoint"),
                folder = File(given.getValue("folder")),
                token = { given["token-file"]?.let { File(it).readText().trim() } },
                transport = DateIsOff(HttpTransport(), (given["date-off"] ?: "0").toLong()),
                open = { FileSource(File(it)).let { file -> if (given["undated"] == "true") Undated(file) else file } },
                retry = RetryPolicy(delay = 50.milliseconds, maxDelay = 1.seconds, patience = patience),
                parallel = (given["parallel"] ?: "4").toInt(),
                settleFor = (given["settle"] ?: "30").toInt().seconds,
            )
        val type = given["type"] ?: "application/octet-stream"
        val options = UploadOptions(type, checksum = given["checksum"] == "true", method = given["method"])
        for (file in given["files"]?.split(',').orEmpty()) {
            val entry = client.add(File(file).name, file, options)
            say("added", entry.id)
        }
        if (given["only-add"] == "true") return@runBlocking
        given["cancel"]?.let { client.cancel(it) }
        given["forget"]?.let { client.forget(it) }
        val atOnce = Semaphore((given["at-once"] ?: "1").toInt())
        client
            .entries()
            .filter { it.outcome == null || it.outcome is Outcome.Sent }
            .map { entry -> async { atOnce.withPermit { runOne(client, entry.id) } } }
            .awaitAll()
        say("over", "")
    }

/** As content behind a `content://` URI is: nobody says when it changed. */
private class Undated(
    private val file: Source,
) : Source by file {
    override val lastModified: Long get() = 0
}

/** A service whose clock is off, by so many seconds. */
private class DateIsOff(
    private val inner: Transport,
    private val seconds: Long,
) : Transport {
    override suspend fun send(request: Request): Response {
        val response = inner.send(request)
        val date = parseHttpDate(response.header("Date")) ?: return response
        val shown = RFC_1123_DATE_TIME.format(date.plusSeconds(seconds).atOffset(ZoneOffset.UTC))
        val headers = listOf("ETag", "Retry-After", "Location").associateWith { response.header(it).orEmpty() }
        return Response(response.status, headers + ("Date" to shown), response.body)
    }
}

private suspend fun runOne(
    client: UploadClient,
    id: String,
) {
    try {
        val outcome = client.run(id) { say("progress", id, "${it.sent}") }
        val uploadId = (outcome as? Outcome.Sent)?.uploadId ?: outcome.upload?.id
        val how = checkNotNull(outcome::class.simpleName).lowercase()
        say(how, id, uploadId.orEmpty(), outcome.upload?.reason?.code.orEmpty())
    } catch (error: UploadException) {
        say("failed", id, error.code, error.message.orEmpty(), "${error.isRetryable}")
    }
}

@Synchronized
private fun say(
    event: String,
    id: String,
    vararg more: String,
) {
    println(JsonArray(listOf(event, id, *more).map(::JsonPrimitive)))
    System.out.flush()
}

private fun answers() {
    for (line in generateSequence(::readLine)) {
        val (operation, status, body) = Json.parseToJsonElement(line).jsonArray.map { it.jsonPrimitive.content }
        val error = parseError(Base64.getDecoder().decode(body))
        val meaning = Answers.meaningOf(Operation.valueOf(operation.uppercase()), status.toInt(), error)
        val said =
            buildJsonObject {
                put("means", meaning.name.lowercase())
                put("code", error.code)
                put("message", error.message)
            }
        println(said)
    }
}
