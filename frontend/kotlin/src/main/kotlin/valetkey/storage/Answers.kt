package valetkey.storage

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** What is sent: a form, an object, or a part of one. */
internal enum class Operation { POST, PUT, PART }

/** What to do about a response of a store; the list explains each in a sentence. */
internal enum class Meaning {
    TAKEN,
    AGAIN,
    WAIT,
    GARBLED,
    ODD,
    FRESH,
    LOOK,
    GONE,
    FILE,
    REFUSED,
    PLACEMENT,
    UNSUPPORTED,
    MISSING,
    CHANGED,
}

/** What a body says of an error; both are empty where it says nothing. */
internal data class ErrorBody(
    val code: String,
    val message: String,
)

internal val NO_ERROR = ErrorBody("", "")

/**
 * What responses of a store mean, by the list that the whole project decides by:
 * `service/valetkey/reference/store_answers.json`.
 *
 * A code says more than a status, and stores use different statuses, so the code counts first.
 */
internal object Answers {
    private val list: JsonObject by lazy {
        val stream = Answers::class.java.getResourceAsStream("/valetkey/store_answers.json")
        val text = checkNotNull(stream) { "store_answers.json is not in the package" }.use { it.reader().readText() }
        Json.parseToJsonElement(text).jsonObject
    }
    private val codes by lazy { list.getValue("codes").jsonObject }
    private val statuses by lazy { list.getValue("statuses").jsonObject }

    /** What a response means. A 2xx with an error in its body is that error, and never a success. */
    fun meaningOf(
        operation: Operation,
        status: Int,
        error: ErrorBody,
    ): Meaning {
        codes[error.code]?.let { return meaning(operation, it.jsonObject.getValue("means")) }
        if (error.code.startsWith("KMS.")) return Meaning.PLACEMENT
        if (status in 200..299 && error != NO_ERROR) return Meaning.ODD
        val means = statuses["$status"] ?: statuses["${status / 100}xx"] ?: return Meaning.REFUSED
        return meaning(operation, means)
    }

    private fun meaning(
        operation: Operation,
        means: JsonElement,
    ): Meaning {
        val one = means as? JsonPrimitive ?: means.jsonObject.run { get(operation.name.lowercase()) ?: getValue("*") }
        return Meaning.valueOf(one.jsonPrimitive.content.uppercase())
    }
}

/** Characters of a body that are parsed, behind the blanks that a store sends while it is busy. */
private const val MAX_ERROR_BODY = 65_536
private const val MARK = '\uFEFF'
private val ERROR_TAG = Regex("""<(?:[\w.-]+:)?Error[\s/>]""")
private val HTML = Regex("""(?is)^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b""")
private const val NOT_A_STORE = "The body is an HTML page: something between us and the store responded."
private val CONTROL = Regex("""[\x00-\x1f\x7f]+""")
private val ENTITY = Regex("""&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));""")
private val NAMED = mapOf("amp" to "&", "lt" to "<", "gt" to ">", "quot" to "\"", "apos" to "'")

/** The error in a body: XML as S3 has it (any prefix, attributes, CDATA), or JSON as B2 and gateways have it. */
internal fun parseError(body: ByteArray): ErrorBody {
    val text = decode(body)
    if (text.startsWith("{")) return parseJson(text)
    if (HTML.find(text) != null) return ErrorBody("", NOT_A_STORE)
    if (ERROR_TAG.find(text) == null && element(text, "Code").isEmpty()) return NO_ERROR
    val code = plain(element(text, "Code"))
    val message = plain(element(text, "Message"))
    return ErrorBody(code, message.ifEmpty { if (code.isEmpty()) "The error has no code." else "" })
}

/** XML may be in UTF-16: it has a byte order mark then, or a first character that gives it away (XML 1.0, F.1). */
private fun decode(body: ByteArray): String {
    val first = body.getOrNull(0)?.toInt()?.and(0xff)
    val second = body.getOrNull(1)?.toInt()?.and(0xff)
    val charset =
        when {
            first == 0xff && second == 0xfe || (second == 0 && first != 0) -> Charsets.UTF_16LE
            first == 0xfe && second == 0xff || first == 0 -> Charsets.UTF_16BE
            else -> Charsets.UTF_8
        }
    return String(body, charset).trimStart { it == MARK || it.isWhitespace() }.take(MAX_ERROR_BODY).trimEnd()
}

private fun element(
    text: String,
    name: String,
): String {
    val found = Regex("""<(?:[\w.-]+:)?$name(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?([^<\]]*)""").find(text) ?: return ""
    return unescape(found.groupValues[1]).trim()
}

private fun unescape(text: String): String =
    ENTITY.replace(text) {
        val (hex, decimal, name) = it.destructured
        val point = hex.toIntOrNull(16) ?: decimal.toIntOrNull()
        when {
            point == null -> NAMED.getValue(name)
            Character.isValidCodePoint(point) -> String(Character.toChars(point))
            else -> "\uFFFD"
        }
    }

/** `{code, message}`, in any case, perhaps inside of `error`. */
private fun parseJson(text: String): ErrorBody {
    var parsed: JsonElement? = runCatching { Json.parseToJsonElement(text) }.getOrNull()
    for (name in listOf("error", "Error")) ((parsed as? JsonObject)?.get(name) as? JsonObject)?.let { parsed = it }
    val lower = (parsed as? JsonObject)?.mapKeys { it.key.lowercase() } ?: return NO_ERROR
    val code = listOf("code", "error", "__type").firstNotNullOfOrNull { string(lower[it]) }.orEmpty()
    if (code.isEmpty() && "message" !in lower && "error" !in lower) return NO_ERROR
    return ErrorBody(plain(code), plain(string(lower["message"]).orEmpty()))
}

private fun string(value: JsonElement?): String? = (value as? JsonPrimitive)?.takeIf { it.isString }?.contentOrNull

private fun plain(text: String) = CONTROL.replace(text, " ").trim()
