package valetkey

/**
 * Why an upload did not get on.
 *
 * What the service says keeps its own code, such as `size_out_of_range`. The client's own codes: `service_unreachable`,
 * `store_unreachable`, `token_unavailable` (all of them pass by themselves), `store_refused`, `unexpected_answer`,
 * `upload_ended`, `file_unreadable`, `file_changed`, `already_running`, `record_missing`, `record_unreadable`.
 */
public class UploadException(
    public val code: String,
    message: String,
    /** Whether running the upload again later may succeed. */
    public val isRetryable: Boolean = false,
    cause: Throwable? = null,
) : Exception(message, cause)
