// What the sample uses of WorkManager 2.9, declared by hand after its reference: see android.kt.
@file:Suppress("PackageDirectoryMismatch", "UNUSED_PARAMETER", "unused")

package androidx.work

import android.app.Notification
import android.content.Context

class WorkerParameters

class Data {
    fun getString(key: String): String? = TODO()
}

fun workDataOf(vararg pairs: Pair<String, Any?>): Data = TODO()

class ForegroundInfo(
    notificationId: Int,
    notification: Notification,
    foregroundServiceType: Int,
)

abstract class ListenableWorker(
    appContext: Context,
    workerParams: WorkerParameters,
) {
    val applicationContext: Context get() = TODO()
    val inputData: Data get() = TODO()
    val id: java.util.UUID get() = TODO()

    abstract class Result {
        companion object {
            fun success(): Result = TODO()

            fun retry(): Result = TODO()

            fun failure(): Result = TODO()
        }
    }
}

abstract class CoroutineWorker(
    appContext: Context,
    params: WorkerParameters,
) : ListenableWorker(appContext, params) {
    abstract suspend fun doWork(): Result

    open suspend fun getForegroundInfo(): ForegroundInfo = TODO()

    suspend fun setForeground(foregroundInfo: ForegroundInfo): Unit = TODO()
}

enum class NetworkType { CONNECTED }

class Constraints {
    class Builder {
        fun setRequiredNetworkType(networkType: NetworkType): Builder = TODO()

        fun build(): Constraints = TODO()
    }
}

enum class ExistingWorkPolicy { KEEP }

class OneTimeWorkRequest {
    class Builder {
        fun setInputData(inputData: Data): Builder = TODO()

        fun setConstraints(constraints: Constraints): Builder = TODO()

        fun build(): OneTimeWorkRequest = TODO()
    }
}

inline fun <reified W : ListenableWorker> OneTimeWorkRequestBuilder(): OneTimeWorkRequest.Builder = TODO()

abstract class WorkManager {
    abstract fun enqueueUniqueWork(
        uniqueWorkName: String,
        existingWorkPolicy: ExistingWorkPolicy,
        request: OneTimeWorkRequest,
    )

    companion object {
        fun getInstance(context: Context): WorkManager = TODO()
    }
}
