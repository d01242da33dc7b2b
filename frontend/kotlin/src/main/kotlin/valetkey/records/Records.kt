package valetkey.records

import kotlinx.serialization.SerializationException
import valetkey.UploadException
import valetkey.files.hex
import valetkey.service.JSON
import java.io.Closeable
import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.io.RandomAccessFile
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import java.nio.file.StandardOpenOption.READ
import java.security.MessageDigest
import java.util.concurrent.ConcurrentHashMap

/**
 * The records of one folder: `NAME.json` for each upload, `NAME.parts` for the parts that were sent, `NAME.lock` for
 * who works on it.
 *
 * A record is written beside the old one, to the disk, and takes its place in one step: it is always one of the two.
 */
internal class Records(
    private val folder: File,
) {
    init {
        if (!folder.isDirectory && !folder.mkdirs() && !folder.isDirectory) throw IOException("$folder cannot be made.")
        folder.onlyOurs()
    }

    fun load(id: String): Record? = read(fileOf(id, RECORD))

    /** All that can be read. */
    fun all(): List<Record> =
        folder
            .listFiles { file -> file.name.endsWith(RECORD) }
            .orEmpty()
            .sortedBy { it.name }
            .mapNotNull { runCatching { read(it) }.getOrNull() }

    fun save(record: Record) {
        val draft = fileOf(record.id, ".draft") // one process at a time has the lock
        FileOutputStream(draft).use {
            draft.onlyOurs()
            it.write(JSON.encodeToString(Record.serializer(), record).toByteArray())
            it.fd.sync()
        }
        Files.move(draft.toPath(), fileOf(record.id, RECORD).toPath(), ATOMIC_MOVE, REPLACE_EXISTING)
        syncFolder()
    }

    /** Whoever deletes it has the lock. */
    fun delete(id: String) {
        for (ending in listOf(RECORD, PARTS, LOCK)) fileOf(id, ending).delete()
    }

    fun parts(id: String) = PartJournal(fileOf(id, PARTS))

    /** The right to work on an upload, until it is closed or the process ends; null where somebody else has it. */
    fun lock(id: String): Closeable? {
        val path = fileOf(id, LOCK).canonicalPath
        if (!HELD.add(path)) return null // asked first: to close the file would end the lock that this process has
        val file = RandomAccessFile(path, "rw")
        if (file.channel.tryLock() == null) {
            file.close()
            HELD.remove(path)
            return null
        }
        return Closeable {
            file.close()
            HELD.remove(path)
        }
    }

    private fun read(file: File): Record? {
        val text =
            try {
                if (!file.exists()) return null
                file.readText()
            } catch (error: IOException) {
                throw unreadable(file, error)
            }
        return try {
            JSON.decodeFromString(Record.serializer(), text)
        } catch (error: SerializationException) {
            throw unreadable(file, error)
        }
    }

    private fun unreadable(
        file: File,
        cause: Exception,
    ) = UploadException("record_unreadable", "The record $file cannot be read: ${cause.message}", cause = cause)

    /** An application's id may hold anything, and have any length. */
    private fun fileOf(
        id: String,
        ending: String,
    ) = File(folder, MessageDigest.getInstance("SHA-256").digest(id.toByteArray()).hex().take(NAME) + ending)

    /** Some systems open no folders: what was renamed is as safe there as the system makes it. */
    private fun syncFolder() {
        runCatching { FileChannel.open(folder.toPath(), READ).use { it.force(true) } }
    }
}

/** The locks of this process. */
private val HELD: MutableSet<String> = ConcurrentHashMap.newKeySet()

private const val RECORD = ".json"
private const val LOCK = ".lock"
private const val PARTS = ".parts"
private const val NAME = 32

private fun File.onlyOurs() {
    setReadable(false, false)
    setWritable(false, false)
    setReadable(true, true)
    setWritable(true, true)
    if (isDirectory) {
        setExecutable(false, false)
        setExecutable(true, true)
    }
}
