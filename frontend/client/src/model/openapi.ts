// Generated from the service's OpenAPI document by `npm run wire`. Do not edit.

export interface paths {
    "/v1/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your uploads, newest first, or get up to 100 uploads by id (also with a ticket) */
        get: operations["listUploads"];
        put?: never;
        /** Create an upload; the response contains the grant for sending the file */
        post: operations["createUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Create up to 100 uploads in one call */
        post: operations["createBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get an upload */
        get: operations["getUpload"];
        put?: never;
        post?: never;
        /** Abort a pending upload, or delete a confirmed one */
        delete: operations["removeUpload"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}/grant": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Get a new grant for an upload */
        post: operations["renewGrant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}/parts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the parts of a multipart upload that the store has received */
        get: operations["listParts"];
        put?: never;
        /** Get URLs for sending parts of a multipart upload */
        post: operations["signParts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Complete an upload after sending its bytes; the service verifies the object at the store */
        post: operations["completeUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}/verdict": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report a scanner's verdict on an object; needs an API key with the scope `verdict` */
        post: operations["giveVerdict"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}/claim": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Claim a confirmed upload for your application, under a reference of your choice; idempotent */
        post: operations["claimUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Release an upload that is claimed under this reference; idempotent */
        post: operations["releaseUpload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/claims": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List claimed uploads; a page may have fewer uploads than `limit`, or none, and still not be the last */
        get: operations["listClaims"];
        put?: never;
        /** Claim up to 1000 confirmed uploads, all of them or none; idempotent */
        post: operations["claimUploads"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/claims/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Release up to 1000 uploads that are claimed under one reference, all of them or none; idempotent */
        post: operations["releaseUploads"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Download a confirmed object from a short-lived URL */
        get: operations["downloadUpload"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/uploads/{id}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The target of S3's redirect after a form upload (`success_action_redirect`); needs no credential */
        get: operations["returnFromStore"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Create a ticket with which a browser can upload without your API key */
        post: operations["createTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/profiles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the profiles that the credential may use, with the rules of each */
        get: operations["listProfiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/profiles/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the rules of a profile, to check a file before requesting an upload */
        get: operations["getProfile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/erasures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Erase everything that your account has of an owner: objects, names and metadata; needs an API key */
        post: operations["beginErasure"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/owners/{owner}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Erase everything of an owner; use `POST /v1/erasures` if proxies could change the path */
        delete: operations["eraseOwner"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/erasures/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the progress of an erasure */
        get: operations["getErasure"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{sender}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Receive events from a store; each kind of sender has its own authentication, and is 404 until configured */
        post: operations["receiveEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Liveness: the process is running */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Readiness: the ledger and the store are available */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get this document */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The result for each upload, in the order of the request. */
        Batch: {
            results: components["schemas"]["BatchResult"][];
        };
        BatchResult: components["schemas"]["Granted"] | components["schemas"]["Refused"];
        /** @description The checksum that was declared; ``value`` is in base64. */
        Checksum: {
            algorithm: string;
            value: string;
        };
        /** @description The checksum of the whole file. A store that supports checksums refuses any other bytes. */
        DeclaredChecksum: {
            /** @enum {string} */
            algorithm: "crc32" | "crc32c" | "crc64nvme" | "sha1" | "sha256";
            /** @description The checksum in base64. */
            value: string;
        };
        /** @description The application's claim on the upload: under which reference, and since when. */
        Claim: {
            reference: string;
            /** Format: date-time */
            claimed_at: string;
        };
        /** @description A claim on a confirmed upload, and the conditions that the upload has to meet. */
        ClaimUpload: {
            /** @description What your application uses the upload for, such as `post:17`. */
            reference: string;
            /**
             * @description The owner that the upload must have. If omitted: any.
             * @default null
             */
            owner?: string | null;
            /**
             * @description The profile that the upload must have. If omitted: any.
             * @default null
             */
            profile?: string | null;
        };
        /** @description A claim on several confirmed uploads, and the conditions that each of them has to meet. */
        ClaimUploads: {
            /** @description What your application uses the upload for, such as `post:17`. */
            reference: string;
            /**
             * @description The owner that the upload must have. If omitted: any.
             * @default null
             */
            owner?: string | null;
            /**
             * @description The profile that the upload must have. If omitted: any.
             * @default null
             */
            profile?: string | null;
            /** @description The ids of the uploads. Duplicates are ignored. */
            uploads: string[];
        };
        /**
         * @description The body of a completion, which may be empty. For a multipart upload, ``parts`` may list the parts that were
         *     sent: they are then compared with those that the store has.
         */
        Complete: {
            /** @default null */
            parts?: components["schemas"]["NamedPart"][] | null;
        };
        /** @description Up to 100 uploads, committed together. If one of them is refused, the others are not affected. */
        CreateBatch: {
            uploads: components["schemas"]["CreateUpload"][];
        };
        /** @description The ticket to create, with which a browser can upload without an API key. */
        CreateTicket: {
            /** @description The profile of all its uploads. */
            profile: string;
            /**
             * @description The owner of all its uploads. If omitted: your own account.
             * @default null
             */
            owner?: string | null;
            /**
             * @description The lifetime of the ticket in seconds.
             * @default 3600
             */
            ttl?: number;
            /**
             * @description The most uploads that it can create. If omitted: any number.
             * @default null
             */
            max_uploads?: number | null;
        };
        /** @description The upload that a client requests. */
        CreateUpload: {
            /** @description If omitted: `default`, or the profile of the ticket. */
            profile?: string;
            /** @description Any name. It is never used as a key. */
            filename: string;
            /** @description The type of the file, such as image/png. */
            content_type: string;
            /**
             * Format: int64
             * @description The size of the file in bytes. The grant allows exactly this size.
             */
            size: number;
            /** @default null */
            checksum?: components["schemas"]["DeclaredChecksum"] | null;
            /**
             * @description Your own data about the file. It is kept in the ledger, never in an S3 header.
             * @default {}
             */
            metadata?: {
                [key: string]: string;
            };
            /**
             * @description How the client sends the file to S3. `auto` lets the service choose.
             * @default auto
             * @enum {string}
             */
            method?: "auto" | "post" | "put" | "multipart";
            /**
             * @description After a form upload, S3 redirects the browser to /v1/uploads/{id}/return.
             * @default false
             */
            redirect?: boolean;
            /**
             * @description Whose upload it is. For API keys only: a ticket already has an owner.
             * @default null
             */
            owner?: string | null;
            /**
             * @description The path of the file within the folder that the user chose, such as `trip/day 1/a.txt`. It is never used as a key.
             * @default null
             */
            path?: string | null;
            /**
             * @description For a multipart upload, the number of parts that the grant contains URLs for, beginning with the first. Uploads of a batch contain none.
             * @default 10
             */
            signed_parts?: number;
        };
        /**
         * @description The last run of `valetkey doctor` on this bucket: its time, whether no check failed, and the number of findings
         *     of each level (`pass`, `warn`, `fail`, `skip`).
         */
        Doctor: {
            /** Format: date-time */
            at: string;
            ok: boolean;
            counts: {
                [key: string]: number;
            };
        };
        /** @description A URL from which the confirmed object can be downloaded without a credential until ``expires_at``. */
        Download: {
            url: string;
            /** Format: date-time */
            expires_at: string;
        };
        /** @description The owner whose data is to be erased. */
        EraseOwner: {
            owner: string;
        };
        /**
         * @description An erasure job.
         *
         *     ``uploads`` is the number of uploads erased so far, ``objects`` the number of confirmed objects removed with them.
         *     ``remaining`` is the number of uploads with objects that the store has not removed completely, and ``kept`` lists
         *     the first 100 of these objects. If there are any, the job ends as `incomplete`, and the ledger still has the owner
         *     of these uploads. ``newer`` is the number of uploads that the owner created after the request: they are not erased.
         *     ``detail`` says what a running job is waiting for.
         */
        Erasure: {
            id: string;
            /** @enum {string} */
            state: "running" | "done" | "incomplete";
            /** Format: date-time */
            requested_at: string;
            finished_at: string | null;
            uploads: number;
            objects: number;
            remaining: number;
            kept: components["schemas"]["KeptObject"][];
            newer: number;
            detail: string | null;
        };
        /** @description The number of events in a delivery, by outcome. */
        EventCounts: {
            confirmed: number;
            rejected: number;
            ignored: number;
        };
        /**
         * @description One error in a request: ``pointer`` is a JSON pointer (RFC 6901) to its place, ``detail`` a sentence about it.
         *     ``code`` is set if a call is about several uploads, and is the error code for this one.
         */
        FieldError: {
            pointer: string;
            detail: string;
            code?: string;
        };
        /** @description A scanner's verdict on the bytes with this ETag. */
        GiveVerdict: {
            /** @enum {string} */
            verdict: "clean" | "infected";
            /** @description The ETag of the object that was scanned. */
            etag: string;
            /**
             * @description Details, such as the name of the threat.
             * @default null
             */
            detail?: string | null;
            /**
             * @description The key of the object that was scanned, if the scanner is triggered by the store's events.
             * @default null
             */
            key?: string | null;
        };
        Grant: components["schemas"]["PostGrant"] | components["schemas"]["PutGrant"] | components["schemas"]["MultipartGrant"];
        /**
         * @description An upload with its grant, and a ticket for further calls about it. ``grant`` is null if the bytes have already
         *     arrived.
         */
        Granted: {
            upload: components["schemas"]["Upload"];
            grant: components["schemas"]["Grant"] | null;
            ticket: string;
        };
        /** @description An object that the store has not removed completely, and why. */
        KeptObject: {
            key: string;
            reason: string;
        };
        /**
         * @description One page of uploads; or, if the query has ids, the uploads with these ids, in this order, without duplicates.
         *     ``not_found`` then lists the ids that do not exist or are not yours.
         *
         *     ``unreadable`` lists uploads of this page that only a newer version of valetkey can read, as during an upgrade. It
         *     is absent if there are none.
         */
        UploadList: {
            uploads: components["schemas"]["Upload"][];
            next_cursor: string | null;
            not_found?: string[];
            unreadable?: string[];
        };
        /**
         * @description A multipart upload of ``part_count`` parts of ``part_size`` bytes each; the last part may be smaller.
         *
         *     ``parts`` has URLs for the first parts; request the others just before you send them. If ``part_checksum`` is set,
         *     ``parts`` is empty: request each part with its checksum by this algorithm, which becomes one of its headers.
         */
        MultipartGrant: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            method: "MULTIPART";
            /** Format: int64 */
            part_size: number;
            part_count: number;
            parts: components["schemas"]["PartGrant"][];
            /** @constant */
            part_checksum?: "sha256";
            /** Format: date-time */
            expires_at: string;
        };
        /** @description A part that was sent. ``etag`` is the value of the store's response header, with or without quotes. */
        NamedPart: {
            number: number;
            etag: string;
        };
        /**
         * @description The confirmed object. While the upload is `stored`: the object that is being checked and copied, under its
         *     current key, which may be in quarantine.
         */
        StoredObject: {
            bucket: string;
            key: string;
            etag: string;
            version_id: string | null;
            /** Format: int64 */
            size: number;
            content_type: string;
        };
        /** @description One page of uploads. ``next_cursor`` is null on the last page. */
        Page: {
            uploads: components["schemas"]["Upload"][];
            next_cursor: string | null;
        };
        /** @description A part that the store has received. ``size`` is in bytes. */
        Part: {
            number: number;
            /** Format: int64 */
            size: number;
            etag: string;
        };
        /** @description A presigned PUT for one part: send its ``size`` bytes as the body, with exactly these headers. */
        PartGrant: {
            number: number;
            size: number | null;
            url: string;
            headers: {
                [key: string]: string;
            };
            /** Format: date-time */
            expires_at: string;
        };
        /**
         * @description The parts that the store has received, ordered by number. ``part_count`` is the number of parts of the complete
         *     upload.
         */
        Parts: {
            parts: components["schemas"]["Part"][];
            /** Format: int64 */
            part_size: number;
            part_count: number;
        };
        /**
         * @description A presigned POST: send ``fields`` unchanged, and after them the file as the field ``file_field``, the last
         *     one.
         */
        PostGrant: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            method: "POST";
            url: string;
            fields: {
                [key: string]: string;
            };
            /** @constant */
            file_field: "file";
            /** Format: date-time */
            expires_at: string;
        };
        /**
         * @description A problem document (RFC 9457). ``type`` is the URL of the documentation of ``code``; ``detail`` is a sentence for
         *     people, and may change.
         */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            /**
             * @description Codes are stable.
             *
             *     | code | status | meaning |
             *     |---|---|---|
             *     | `malformed_event` | 400 | The delivery is not in the format of this sender. |
             *     | `malformed_json` | 400 | The body is not JSON. |
             *     | `bad_request` | 400 | The connection closed within the body, the request has more than one `Host`, or its query is not UTF-8. |
             *     | `unauthenticated` | 401 | The credential is missing, invalid or expired. |
             *     | `forbidden` | 403 | The credential is valid, but does not allow this. |
             *     | `ticket_used_up` | 403 | The ticket has already created as many uploads as it allows. |
             *     | `sender_refused` | 403 | The delivery could not be authenticated. |
             *     | `upload_not_found` | 404 | The upload does not exist, or is not the caller's. |
             *     | `profile_not_found` | 404 | There is no profile with this name. |
             *     | `erasure_not_found` | 404 | The erasure does not exist, or is not the caller's. |
             *     | `sender_unknown` | 404 | There is no such event sender, or it is not configured. |
             *     | `not_found` | 404 | There is nothing at this path. |
             *     | `method_not_allowed` | 405 | The path does not accept this method; `Allow` lists the methods that it accepts. |
             *     | `request_timeout` | 408 | The body did not arrive in time. |
             *     | `state_conflict` | 409 | The upload is in a state that does not allow this. |
             *     | `parts_missing` | 409 | The store has not received all parts yet; you can still send them. |
             *     | `parts_mismatch` | 409 | The parts that the client listed are not those that the store has. |
             *     | `already_claimed` | 409 | The upload is already claimed under another reference. |
             *     | `object_replaced` | 409 | The object at the store is no longer the confirmed one: it was replaced or removed. |
             *     | `length_required` | 411 | The body comes in chunks, and the server of the application does not decode them. |
             *     | `request_entity_too_large` | 413 | The body is larger than 256 KiB: files go straight to S3. |
             *     | `request_uri_too_long` | 414 | The query is longer than 16 KiB. |
             *     | `unsupported_media_type` | 415 | The body is a form, or not JSON: files go straight to S3. |
             *     | `invalid_request` | 422 | The request does not match the API's schema; `errors` says where. |
             *     | `unknown_profile` | 422 | There is no such profile. |
             *     | `content_type_not_allowed` | 422 | The profile does not accept this content type, or it is not a content type. |
             *     | `size_out_of_range` | 422 | The file is too large or too small for the profile. |
             *     | `metadata_not_allowed` | 422 | The profile does not allow these metadata keys, or there is too much metadata. |
             *     | `idempotency_key_reused` | 422 | The Idempotency-Key was already used for a different request: use a new one. |
             *     | `method_not_supported` | 422 | The file cannot be sent with this method, because of its size or because of the store. |
             *     | `checksum_not_supported` | 422 | The store does not keep a checksum of this algorithm for a file that is sent in parts. |
             *     | `checksum_required` | 422 | The profile requires a checksum. |
             *     | `wrong_profile` | 422 | The upload's profile is not the one that the claim requires. |
             *     | `internal_error` | 500 | An error in the service. It is logged. |
             *     | `configuration_error` | 500 | The application or the server around valetkey prevents a response; `detail` says how. It is logged. |
             *     | `not_implemented` | 501 | The body has a transfer coding other than `chunked`. |
             *     | `unavailable` | 503 | The service is overloaded, or something that it depends on is unavailable: try again. |
             *     | `store_unavailable` | 503 | The store is unavailable, or did not carry out a request: try again. |
             *     | `copy_unproven` | 503 | The copy's ETag differs from its source's, and the store offers no other proof that they are equal. |
             *     | `ledger_unavailable` | 503 | The ledger is unavailable: try again. |
             *     | `record_unknown` | 503 | A newer version of valetkey stored something that this process cannot read: it leaves it alone. |
             *     | `rules_unknown` | 503 | This process does not know the upload's profile, or cannot read its rules, which a newer version stored. |
             */
            code: string;
            errors?: components["schemas"]["FieldError"][];
        };
        /**
         * @description What may be uploaded under a profile, so that a client can check a file before it requests an upload.
         *
         *     Sizes are in bytes, and inclusive. ``content_types`` may contain wildcards: a star after the slash for all subtypes,
         *     two stars for any type. ``metadata`` lists the allowed keys; null allows any key.
         */
        Profile: {
            name: string;
            /** Format: int64 */
            min_size: number;
            /** Format: int64 */
            max_size: number;
            content_types: string[];
            /** @enum {string} */
            checksum: "optional" | "required";
            metadata: string[] | null;
        };
        /** @description The profiles that the caller may use. */
        Profiles: {
            profiles: components["schemas"]["Profile"][];
        };
        /**
         * @description A presigned PUT: send the file as the body, with exactly these headers. The status 412 means that the object
         *     already exists.
         */
        PutGrant: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            method: "PUT";
            url: string;
            headers: {
                [key: string]: string;
            };
            /** Format: date-time */
            expires_at: string;
        };
        /**
         * @description The service is ready. With `?verbose`, ``doctor`` is the last run of `valetkey doctor`; null if there was
         *     none.
         */
        Ready: {
            /** @constant */
            status: "ok";
            doctor?: components["schemas"]["Doctor"] | null;
        };
        /**
         * @description Why the upload is `rejected`, was deleted automatically or erased, or stays `stored`. ``detail`` is a sentence
         *     for people, and may change.
         */
        Reason: {
            /**
             * @description A `stored` upload has the code `copy_unproven` as long as nothing proves that its copy is complete.
             *
             *     | code | meaning |
             *     |---|---|
             *     | `size_mismatch` | The size of the object is not the one that was granted. |
             *     | `type_mismatch` | The content type of the object is not the one that was granted. |
             *     | `upload_id_mismatch` | The object's metadata does not have the id of the upload. |
             *     | `checksum_mismatch` | The object's checksum at the store is not the one that was declared. |
             *     | `checksum_unverified` | The profile requires a checksum, but the store has none for the object. |
             *     | `content_mismatch` | The first bytes do not match the content type that was granted (`detect`). |
             *     | `infected` | A scanner found the object infected (`scan`). |
             *     | `overwritten` | The object was overwritten again and again while the upload was being confirmed. |
             *     | `missing` | The object was removed before it could be confirmed. |
             *     | `placement_refused` | The store does not accept the profile's storage class, encryption, tags or Object Lock. |
             *     | `unclaimed` | The upload was not claimed in time (`claim_within`) and is `deleted`. |
             *     | `erased` | The owner was erased: only the id, times and state of the upload are left. |
             *     | `retention_ended` | The profile's retention period (`keep_for`) has ended, and the upload is `deleted`. |
             */
            code: string;
            detail: string;
        };
        /** @description An upload of a batch that was refused. */
        Refused: {
            error: components["schemas"]["Problem"];
        };
        /** @description The claim to give up, by its reference. */
        ReleaseUpload: {
            /** @description What your application uses the upload for, such as `post:17`. */
            reference: string;
        };
        /** @description The claims to give up: uploads that are claimed under the same reference. */
        ReleaseUploads: {
            /** @description What your application uses the upload for, such as `post:17`. */
            reference: string;
            /** @description The ids of the uploads. Duplicates are ignored. */
            uploads: string[];
        };
        /** @description The parts to sign. Sign parts just before you send them: their URLs expire as grants do. */
        SignParts: {
            /** @description The numbers of the parts. Duplicates are ignored. */
            numbers: number[];
            /**
             * @description If the grant has a `part_checksum`: the checksum of each part in base64, by its number.
             * @default {}
             */
            checksums?: {
                [key: string]: string;
            };
        };
        /** @enum {string} */
        Signal: "client" | "redirect" | "event" | "sweep";
        /** @description The signed parts, in the order of the request. */
        SignedParts: {
            parts: components["schemas"]["PartGrant"][];
        };
        /** @enum {string} */
        State: "pending" | "stored" | "confirmed" | "rejected" | "aborted" | "expired" | "deleted";
        /** @description The process is running. */
        Health: {
            /** @constant */
            status: "ok";
        };
        /** @description A ticket that can create uploads of one profile. It is safe to use in a URL path without escaping. */
        Ticket: {
            ticket: string;
            /** Format: date-time */
            expires_at: string;
        };
        /**
         * @description One upload.
         *
         *     ``object`` is null until the bytes have arrived. ``reason`` is set if the upload is `rejected`, was deleted
         *     automatically or erased, or cannot leave `stored` (`copy_unproven`).
         *
         *     ``checksum_verified`` is true if the store returned the checksum that was declared, false if it returned none, and
         *     null if none was declared.
         *
         *     ``size`` is in bytes; if it was not declared, it is null until the upload is confirmed. ``detected_type`` is the
         *     type that the first bytes look like, if the profile has it detected. ``claim`` is null until the application claims
         *     the upload. ``path`` is the path within the folder that the user chose, with ``/`` between the names and no leading
         *     slash; null if no folder was chosen.
         */
        Upload: {
            id: string;
            state: components["schemas"]["State"];
            profile: string;
            owner: string;
            filename: string;
            path: string | null;
            content_type: string;
            size: number | null;
            checksum: components["schemas"]["Checksum"] | null;
            checksum_verified: boolean | null;
            metadata: {
                [key: string]: string;
            };
            object: components["schemas"]["StoredObject"] | null;
            reason: components["schemas"]["Reason"] | null;
            detected_type: string | null;
            confirmed_by: components["schemas"]["Signal"] | null;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            confirmed_at: string | null;
            claim: components["schemas"]["Claim"] | null;
        };
        /** @description The uploads in the order of the request, without duplicates. */
        Uploads: {
            uploads: components["schemas"]["Upload"][];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listUploads: {
        parameters: {
            query?: {
                /** @description The most uploads on a page. */
                limit?: number;
                /** @description The `next_cursor` of the previous page. */
                cursor?: string;
                /** @description Only uploads in this state. */
                state?: components["schemas"]["State"];
                /** @description Only uploads of this profile. */
                profile?: string;
                /** @description Exactly the uploads with these ids, in this order, regardless of `limit`. Not allowed with other filters or a cursor. */
                id?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of uploads, or those with the requested ids. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadList"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createUpload: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes the request safe to repeat: the same key and body return the same upload, with a new grant. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateUpload"];
            };
        };
        responses: {
            /** @description The upload was created. */
            201: {
                headers: {
                    /** @description The URL of the upload. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Granted"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createBatch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateBatch"];
            };
        };
        responses: {
            /** @description For each upload its grant, or the error for which it was refused, even if all were refused. If no store can be used at the moment, the status is 503 instead. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getUpload: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of an earlier response; the status is 304 if the upload has not changed since. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The upload. */
            200: {
                headers: {
                    /** @description For `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description The upload has not changed. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The upload was aborted or deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    renewGrant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The upload with a new grant. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Granted"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listParts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The parts, and the size and number of all parts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Parts"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    signParts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignParts"];
            };
        };
        responses: {
            /** @description A presigned PUT for each part. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedParts"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    completeUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Complete"];
            };
        };
        responses: {
            /** @description The upload is confirmed or rejected. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description The object has not arrived yet, or is still being checked. */
            202: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    giveVerdict: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GiveVerdict"];
            };
        };
        responses: {
            /** @description The upload after the verdict. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    claimUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClaimUpload"];
            };
        };
        responses: {
            /** @description The upload is claimed. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    releaseUpload: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReleaseUpload"];
            };
        };
        responses: {
            /** @description The upload is not claimed. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listClaims: {
        parameters: {
            query?: {
                /** @description The most uploads on a page. */
                limit?: number;
                /** @description The `next_cursor` of the previous page. */
                cursor?: string;
                /** @description The prefix of the references to list. */
                prefix?: string;
                /** @description Only claims that are at least this old, in seconds. */
                older_than?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page of uploads. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    claimUploads: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClaimUploads"];
            };
        };
        responses: {
            /** @description All uploads are claimed. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Uploads"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    releaseUploads: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReleaseUploads"];
            };
        };
        responses: {
            /** @description None of the uploads is claimed. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Uploads"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    downloadUpload: {
        parameters: {
            query?: {
                /** @description With `true`, a browser shows the file instead of saving it, if its type is safe to show. */
                inline?: boolean;
            };
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The URL, if `Accept` prefers application/json. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Download"];
                };
            };
            /** @description A redirect to the object. */
            303: {
                headers: {
                    /** @description A presigned URL, or one of the profile's CDN. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The state of the upload does not allow this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    returnFromStore: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page that shows the state. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html; charset=utf-8": string;
                };
            };
            /** @description A redirect to the profile's `return_url`. */
            303: {
                headers: {
                    /** @description The `return_url`, with `id` and `state` in its query. */
                    Location?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createTicket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateTicket"];
            };
        };
        responses: {
            /** @description The ticket was created. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listProfiles: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profiles. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profiles"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getProfile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The name of the profile. */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rules of the profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    beginErasure: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EraseOwner"];
            };
        };
        responses: {
            /** @description A worker erases it in the background. */
            202: {
                headers: {
                    /** @description The URL of the erasure. */
                    Location?: string;
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    eraseOwner: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The owner, percent-encoded. No segment between slashes may be empty, `.` or `..`. */
                owner: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A worker erases it in the background. */
            202: {
                headers: {
                    /** @description The URL of the erasure. */
                    Location?: string;
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The request is invalid; `code` and `errors` say why. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getErasure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A UUIDv7 in lower case. */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The erasure. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description The credential is missing or invalid. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receiveEvents: {
        parameters: {
            query?: {
                /** @description For `ceph` only: the secret, unless it is the topic's OpaqueData. */
                secret?: string;
            };
            header?: never;
            path: {
                /** @description The kind of store or service that sends the events. */
                sender: "sns" | "eventbridge" | "minio" | "ceph" | "b2";
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The number of events by outcome. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventCounts"];
                };
            };
            /** @description The request is malformed. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The credential does not allow this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It does not exist, or is not yours. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body did not arrive in time. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process is running. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readyz: {
        parameters: {
            query?: {
                /** @description If present, with any value, the response includes the last run of `valetkey doctor`. */
                verbose?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The service is ready. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The service, the store or the ledger is unavailable. Nothing was lost: try again. */
            503: {
                headers: {
                    /** @description The seconds to wait before the next request. */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An OpenAPI 3.1 document. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description The body is too large: files go straight to S3. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The body is not JSON: files go straight to S3. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
