package valetkey.retry

import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** How requests are repeated that failed for a reason that may pass. */
public class RetryPolicy(
    /** The first pause, roughly; each further one may be twice as long. */
    public val delay: Duration = 500.milliseconds,
    /** The longest pause. A longer `Retry-After` is respected, up to [patience]. */
    public val maxDelay: Duration = 20.seconds,
    /**
     * How long one step may keep failing. After that a scheduler, such as WorkManager, knows better when there is a
     * network.
     */
    public val patience: Duration = 2.minutes,
)
