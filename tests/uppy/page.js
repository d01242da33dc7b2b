// Uppy as it comes from npm, on a page; `upload()` is what a site would write, and `seen` is what its user would see.
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";
import GoldenRetriever from "@uppy/golden-retriever";

const PERIOD = 251;

function content(size) {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += 1) bytes[at] = at % PERIOD;
    return bytes;
}

/** Starts Uppy with the plugin's options; with `pauseAfter` or `cancelAfter` it is told so when so many parts are sent. */
function start(options, { pauseAfter, cancelAfter } = {}) {
    const seen = { parts: [], complete: null, errors: [], restored: false, progress: 0 };
    const uppy = new Uppy({ id: "test", autoProceed: false });
    uppy.use(AwsS3, options);
    uppy.on("s3-multipart:part-uploaded", (_, part) => {
        seen.parts.push(part.PartNumber);
        if (seen.parts.length === pauseAfter) uppy.pauseAll();
        if (seen.parts.length === cancelAfter) uppy.cancelAll();
    });
    uppy.on("upload-progress", (_, progress) => {
        seen.progress = progress.bytesUploaded;
    });
    uppy.on("upload-error", (_, error) => seen.errors.push(error.message));
    uppy.on("complete", (result) => {
        seen.complete = {
            failed: result.failed.length,
            successful: result.successful.map((file) => ({ ...file.response, name: file.name })),
        };
    });
    uppy.on("restored", () => {
        seen.restored = true;
    });
    uppy.use(GoldenRetriever, { indexedDB: { maxFileSize: 2 ** 30, maxTotalSize: 2 ** 31 } });
    Object.assign(window, { uppy, seen });
}

function upload(name, type, size, meta = {}) {
    uppy.addFile({ name, type, data: new File([content(size)], name, { type }), meta });
    uppy.upload().catch((error) => seen.errors.push(error.message));
}

Object.assign(window, { Uppy, AwsS3, start, upload });
