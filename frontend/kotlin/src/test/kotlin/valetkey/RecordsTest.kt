package valetkey

import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import valetkey.files.Fingerprint
import valetkey.records.Record
import valetkey.records.Records
import valetkey.records.TakenPart
import java.io.File

/** What is on disk is whole, or counts as not there. */
class RecordsTest {
    @get:Rule val folder = TemporaryFolder()
    private val records by lazy { Records(folder.root) }
    private val request = JsonObject(mapOf("filename" to JsonPrimitive("é"), "size" to JsonPrimitive(5)))
    private val record =
        Record(
            id = "photo/17 \u2026",
            location = "/sdcard/é.jpg",
            fingerprint = Fingerprint(5, "ab", true),
            request = request,
            key = "k",
            token = "t",
            created = Record.Created("u", "v", inParts = true),
            sent = true,
        )

    @Test fun `a record comes back as it was`() {
        records.save(record)
        assertEquals(record, records.load(record.id))
        assertEquals(listOf(record), records.all())
        records.delete(record.id)
        assertNull(records.load(record.id))
        assertEquals(emptyList<String>(), folder.root.list()!!.toList())
    }

    @Test fun `the old record stays until the new one is whole`() {
        records.save(record)
        val draft = File(folder.root, folder.root.list()!!.single { it.endsWith(".json") }.replace(".json", ".draft"))
        draft.writeText("{\"id\": \"photo") // killed while it was written
        assertEquals(record, records.load(record.id))
        records.save(record.copy(sent = false))
        assertEquals(false, records.load(record.id)!!.sent)
    }

    @Test fun `a record that is none is an error, and hides no other`() {
        records.save(record)
        records.save(record.copy(id = "other"))
        folder.root.listFiles()!!.first { it.name.endsWith(".json") }.writeText("{}")
        assertEquals(1, records.all().size)
        val errors = listOf(record.id, "other").mapNotNull { runCatching { records.load(it) }.exceptionOrNull() }
        assertEquals(listOf("record_unreadable"), errors.map { (it as UploadException).code })
    }

    @Test fun `one at a time has the lock`() {
        assertNotNull(records.lock("a"))
        val lock = checkNotNull(records.lock("b"))
        assertNull(records.lock("b"))
        assertNull(Records(folder.root).lock("b"))
        lock.close()
        assertNotNull(records.lock("b"))
    }

    @Test fun `parts come back, but for a line that is half`() {
        val journal = records.parts("a")
        journal.add(1, TakenPart("e1", "0".repeat(32)))
        journal.add(10_000, TakenPart("", "1".repeat(32)))
        val file = folder.root.listFiles()!!.single { it.name.endsWith(".parts") }
        file.appendText("\n2 ${"2".repeat(32)} e2") // killed before the full stop
        records.parts("a").add(3, TakenPart("e.3", "3".repeat(32)))
        val again = records.parts("a")
        assertEquals(listOf("e1", null, "e.3", ""), listOf(1, 2, 3, 10_000).map { again[it]?.etag })
        assertEquals("1".repeat(32), again[10_000]!!.md5)
        again.clear()
        assertNull(records.parts("a")[1])
    }

    @Test fun `a folder that cannot be made is said at once`() {
        val file = folder.newFile()
        assertThrows(java.io.IOException::class.java) { Records(File(file, "records")) }
        assertTrue(file.exists())
    }
}
