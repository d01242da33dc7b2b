package valetkey

import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import valetkey.http.Request
import valetkey.http.Response
import valetkey.http.Transport
import java.io.ByteArrayOutputStream
import kotlin.time.Duration.Companion.seconds

/** The time between the last byte and the service's decision. */
class SettlingTest {
    @get:Rule val folder = TemporaryFolder()
    private val upload = """{"id":"u","state":"stored","profile":"default","filename":"f","content_type":"text/plain"}"""
    private val grant = """{"method":"PUT","url":"http://store/u","headers":{},"expires_at":"2999-01-01T00:00:00Z"}"""
    private var asked = 0

    /** A store that takes everything, and a service that never decides and asks to be asked again at once. */
    private val undecided =
        object : Transport {
            override suspend fun send(request: Request): Response {
                request.body?.writeTo(ByteArrayOutputStream())
                return when {
                    request.url.startsWith("http://store/") -> Response(200, mapOf("ETag" to "e"), ByteArray(0))
                    request.url.endsWith("/complete") -> {
                        check(++asked < 1000) { "a loop without a pause" }
                        Response(202, mapOf("Retry-After" to "0"), upload.toByteArray())
                    }
                    else -> json(201, """{"upload":$upload,"grant":$grant,"ticket":"t"}""")
                }
            }
        }

    private fun json(
        status: Int,
        body: String,
    ) = Response(status, emptyMap(), body.toByteArray())

    @Test fun `Retry-After of 0 is no call without a pause`() {
        val file = folder.newFile().apply { writeText("hello") }
        val client =
            UploadClient("http://service", folder.newFolder(), transport = undecided, settleFor = 1.seconds)
        val outcome =
            runBlocking {
                client.add("a", file.path)
                client.run("a")
            }
        assertTrue(outcome is Outcome.Sent)
        assertTrue("$asked calls", asked in 2..11)
    }
}
