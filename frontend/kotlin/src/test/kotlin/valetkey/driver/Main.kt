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
import valetkey.retry.RetryPolicy
import valetkey.storage.Answers
import valetkey.storage.Operation
import valetkey.storage.parseError
import java.io.File
import java.util.Base64
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/*
 * An application without a screen, for tests that kill it: `run NAME=VALUE...` adds files and runs all that is in the folder, and says
 * in lines of JSON what happens; `answers` reads what stores answered, one a line, and says what each means.
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
        val client =
            UploadClient(
                endpoint = given.getValue("endpoint"),
                folder = File(given.getValue("folder")),
                token = { given["token-file"]?.let { File(it).readText().trim() } },
                retry = RetryPolicy(delay = 50.milliseconds, maxDelay = 1.seconds, patience = (given["patience"] ?: "60").toInt().seconds),
                parallel = (given["parallel"] ?: "4").toInt(),
                settleFor = (given["settle"] ?: "30").toInt().seconds,
            )
        val options = UploadOptions(contentType = given["type"] ?: "application/octet-stream", checksum = given["checksum"] == "true")
        for (file in given["files"]?.split(',').orEmpty()) {
            val entry = client.add(File(file).name, file, options)
            say("added", entry.id)
        }
        if (given["only-add"] == "true") return@runBlocking
        val atOnce = Semaphore((given["at-once"] ?: "1").toInt())
        client
            .entries()
            .filter { it.outcome == null || it.outcome is Outcome.Sent }
            .map { entry -> async { atOnce.withPermit { runOne(client, entry.id) } } }
            .awaitAll()
        say("over", "")
    }

private suspend fun runOne(
    client: UploadClient,
    id: String,
) {
    try {
        val outcome = client.run(id) { say("progress", id, "${it.sent}") }
        val uploadId = (outcome as? Outcome.Sent)?.uploadId ?: outcome.upload?.id
        say(checkNotNull(outcome::class.simpleName).lowercase(), id, uploadId.orEmpty(), outcome.upload?.reason?.code.orEmpty())
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
