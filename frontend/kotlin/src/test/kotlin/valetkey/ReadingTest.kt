package valetkey

import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import valetkey.files.FileBody
import valetkey.files.FileSource
import valetkey.files.Range
import valetkey.files.Source
import valetkey.files.fingerprint
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import java.io.InputStream
import kotlin.random.Random

/** By what a file is known again, and how it is sent. */
class ReadingTest {
    @get:Rule val folder = TemporaryFolder()
    private val mib = 1024 * 1024

    private fun fingerprint(file: File) = FileSource(file).fingerprint {}

    private fun change(
        file: File,
        at: Int,
    ) = file.writeBytes(file.readBytes().also { it[at] = (it[at] + 1).toByte() })

    @Test fun `any byte of a file of up to 16 MiB makes another one`() {
        for (size in listOf(1, 1000, 16 * mib)) {
            val file = folder.newFile().apply { writeBytes(Random.nextBytes(size)) }
            val before = fingerprint(file)
            assertTrue(before.whole)
            file.setLastModified(1)
            assertEquals(before, fingerprint(file)) // dates prove nothing
            change(file, size / 2)
            assertNotEquals(before, fingerprint(file))
        }
    }

    @Test fun `a larger one is known by pieces from its first byte to its last`() {
        val size = 20 * mib + 13
        val file = folder.newFile().apply { writeBytes(Random.nextBytes(size)) }
        val before = fingerprint(file)
        assertEquals(false, before.whole)
        for (at in listOf(0, size - 1)) {
            change(file, at)
            assertNotEquals(before, fingerprint(file))
            file.writeBytes(file.readBytes().also { it[at] = (it[at] - 1).toByte() })
            assertEquals(before, fingerprint(file))
        }
        file.appendText("x")
        assertNotEquals(before, fingerprint(file))
    }

    @Test fun `a range is sent between what belongs around it`() {
        val file = folder.newFile().apply { writeText("0123456789") }
        val moved = mutableListOf<Long>()
        val body = FileBody(FileSource(file), Range(3, 4), "<".toByteArray(), ">".toByteArray()) { moved += it }
        repeat(2) {
            val sink = ByteArrayOutputStream()
            body.writeTo(sink)
            assertArrayEquals("<3456>".toByteArray(), sink.toByteArray())
        }
        assertEquals(6, body.length)
        assertEquals(listOf(0L, 4L, 0L, 4L), moved)
        assertEquals("def7924e3199be5e18060bb3e1d547a7", body.md5)
    }

    @Test fun `a file that has become shorter is one that changed`() {
        val file = folder.newFile().apply { writeText("0123456789") }
        val body = FileBody(FileSource(file), Range(3, 4)) {}
        file.writeText("0123")
        val error = assertThrows(UploadException::class.java) { body.writeTo(ByteArrayOutputStream()) }
        assertEquals("file_changed", error.code)
    }

    @Test fun `a file that went away cannot be read`() {
        val file = folder.newFile().apply { writeText("0123456789") }
        val body = FileBody(FileSource(file), Range(3, 4)) {}
        file.delete()
        val error = assertThrows(UploadException::class.java) { body.writeTo(ByteArrayOutputStream()) }
        assertEquals("file_unreadable", error.code)
        assertThrows(IOException::class.java) { FileSource(file) }
    }

    @Test fun `a permission that was taken back is a file that cannot be read`() {
        val denied = SecurityException("Permission Denial: opening provider")
        val source =
            object : Source {
                override val size = 5L
                override val lastModified = 0L

                override fun open(offset: Long): InputStream = throw denied
            }
        val opened = listOf<(String) -> Source>({ throw denied }, { source })
        for (open in opened) {
            val client = UploadClient("http://service.test", folder.newFolder(), open = open)
            val adding = assertThrows(UploadException::class.java) { runBlocking { client.add("a", "content://a") } }
            assertEquals("file_unreadable" to false, adding.code to adding.isRetryable)
        }
        val records = folder.newFolder()
        val file = folder.newFile().apply { writeText("hello") }
        runBlocking { UploadClient("http://service.test", records).add("a", file.path) }
        for (open in opened) {
            val later = UploadClient("http://service.test", records, open = open)
            val running = assertThrows(UploadException::class.java) { runBlocking { later.run("a") } }
            assertEquals("file_unreadable", running.code)
        }
    }
}
