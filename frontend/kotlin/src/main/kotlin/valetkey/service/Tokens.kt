package valetkey.service

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import valetkey.UploadException
import valetkey.retry.Transient

/** The application's credential for new uploads, asked for once and again when the service takes it no longer. */
internal class Tokens(
    private val fetch: suspend () -> String?,
) {
    private val lock = Mutex()
    private var fetched = false
    private var token: String? = null

    suspend fun current(): String? =
        lock.withLock {
            if (!fetched) {
                token = fetchNow()
                fetched = true
            }
            token
        }

    /** Another one than `refused`. */
    suspend fun after(refused: String?): String? {
        lock.withLock { if (token == refused) fetched = false }
        return current()
    }

    private suspend fun fetchNow(): String? =
        try {
            fetch()
        } catch (error: CancellationException) {
            throw error
        } catch (error: UploadException) {
            throw error
        } catch (error: Exception) { // whatever the application's own call to its server fails by
            throw Transient(UploadException("token_unavailable", "The application gives no token: $error", true, error))
        }
}
