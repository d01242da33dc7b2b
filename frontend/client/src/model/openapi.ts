// Generated from the service's OpenAPI document by `npm run wire`. Do not edit.

export interface paths {
    "/v1/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your uploads, newest first; or look at up to 100 by their ids, also with a ticket */
        get: operations["listUploads"];
        put?: never;
        /** Ask for an upload: the answer holds the grant to send the file with */
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
        /** Ask for up to 100 uploads in one durable commit */
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
        /** Look at an upload */
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
        /** Get a fresh grant for the same upload */
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
        /** List the parts that the store has, of an upload in parts */
        get: operations["listParts"];
        put?: never;
        /** Get URLs for parts, just before they are sent */
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
        /** Say that the bytes are sent: the service looks at the object before it believes it */
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
        /** Say what a scanner found in the bytes with this ETag; for an API key of the scope verdict */
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
        /** Take a confirmed upload for good, under a reference of yours; the same again is no error */
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
        /** Give back an upload that is claimed under this reference; the same again is no error */
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
        /** List what is claimed; a page may have fewer uploads than `limit`, or none, where there are more pages */
        get: operations["listClaims"];
        put?: never;
        /** Take up to 1000 confirmed uploads for good, all of them or none; the same again is no error */
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
        /** Give back up to 1000 uploads of one reference, all of them or none; the same again is no error */
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
        /** Be sent to a short-lived URL of the confirmed bytes, or be told it where JSON is accepted */
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
        /** Where S3 sends the browser after a form with success_action_redirect; needs no credential */
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
        /** Let a browser create uploads of one profile without your API key */
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
        /** List the profiles that you may use, with what may be uploaded under each; with a ticket, its own */
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
        /** See what may be uploaded under a profile, to compare a file with it before it is asked for */
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
        /** Erase all that your account has of an owner now: objects, names, metadata; needs an API key */
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
        /** The same, for owners whom no proxy takes for another path */
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
        /** Look how far an erasure has come */
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
        /** Take the store's events; the sender proves itself in its own way, and is unknown until its secret is set */
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
        /** Alive */
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
        /** Ready: the ledger and the store answer; with `verbose` what `valetkey doctor` found last, too */
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
        /** This document */
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
        /** @description The answers, in the order of the requests. */
        Batch: {
            results: components["schemas"]["BatchResult"][];
        };
        BatchResult: components["schemas"]["Granted"] | components["schemas"]["Refused"];
        Checksum: {
            algorithm: string;
            value: string;
        };
        /** @description The checksum of the whole file. Stores that keep checksums refuse other bytes. */
        DeclaredChecksum: {
            /** @enum {string} */
            algorithm: "crc32" | "crc32c" | "crc64nvme" | "sha1" | "sha256";
            /** @description base64 */
            value: string;
        };
        /** @description What the application has taken the upload for. */
        Claim: {
            reference: string;
            /** Format: date-time */
            claimed_at: string;
        };
        /** @description What a confirmed upload is taken for, and what it has to be. */
        ClaimUpload: {
            /** @description what for, in your own words: post:17 */
            reference: string;
            /**
             * @description whose it has to be; left out: anybody's
             * @default null
             */
            owner?: string | null;
            /**
             * @description of which profile it has to be; left out: of any
             * @default null
             */
            profile?: string | null;
        };
        /** @description Which confirmed uploads are taken, what for, and what each of them has to be. */
        ClaimUploads: {
            /** @description what for, in your own words: post:17 */
            reference: string;
            /**
             * @description whose it has to be; left out: anybody's
             * @default null
             */
            owner?: string | null;
            /**
             * @description of which profile it has to be; left out: of any
             * @default null
             */
            profile?: string | null;
            /** @description their ids; one that is named twice counts once */
            uploads: string[];
        };
        /** @description Nothing has to be said. For an upload in parts ``parts`` may name those that were sent, to have them compared. */
        Complete: {
            /** @default null */
            parts?: components["schemas"]["NamedPart"][] | null;
        };
        /** @description Up to 100 uploads, durable in one commit; one that is refused hinders no other. */
        CreateBatch: {
            uploads: components["schemas"]["CreateUpload"][];
        };
        /** @description What a browser may do without the API key. */
        CreateTicket: {
            /** @description the one profile of its uploads */
            profile: string;
            /**
             * @description on whose behalf; left out: your own
             * @default null
             */
            owner?: string | null;
            /**
             * @description seconds that it lives
             * @default 3600
             */
            ttl?: number;
            /**
             * @description how many uploads it creates at most; left out: any number
             * @default null
             */
            max_uploads?: number | null;
        };
        /** @description What a client asks for. */
        CreateUpload: {
            /** @description left out: `default`, or the profile of the ticket */
            profile?: string;
            /** @description any name; it never becomes a key */
            filename: string;
            /** @description what the client will send, such as image/png */
            content_type: string;
            /**
             * Format: int64
             * @description bytes; exactly these many may be sent
             */
            size: number;
            /** @default null */
            checksum?: components["schemas"]["DeclaredChecksum"] | null;
            /**
             * @description kept in the ledger, never in a header of S3
             * @default {}
             */
            metadata?: {
                [key: string]: string;
            };
            /**
             * @description how the bytes travel to S3
             * @default auto
             * @enum {string}
             */
            method?: "auto" | "post" | "put" | "multipart";
            /**
             * @description S3 sends the browser back to /v1/uploads/{id}/return
             * @default false
             */
            redirect?: boolean;
            /**
             * @description on whose behalf; a ticket has its own
             * @default null
             */
            owner?: string | null;
            /**
             * @description where it was in the folder that was chosen, such as `trip/day 1/a.txt`; it never becomes a key
             * @default null
             */
            path?: string | null;
            /**
             * @description how many parts the grant has URLs of, where the file comes in parts: all of them, if there are no more than that. In a batch none has any
             * @default 10
             */
            signed_parts?: number;
        };
        /**
         * @description The last run of `valetkey doctor` on this bucket: when, whether nothing failed, and how many findings there were
         *     of each level (pass, warn, fail, skip).
         */
        Doctor: {
            /** Format: date-time */
            at: string;
            ok: boolean;
            counts: {
                [key: string]: number;
            };
        };
        /** @description Where the confirmed bytes are for a while; no credential is needed there. */
        Download: {
            url: string;
            /** Format: date-time */
            expires_at: string;
        };
        /** @description Whose uploads are erased. */
        EraseOwner: {
            owner: string;
        };
        /**
         * @description An erasure. ``uploads`` is how many were erased so far, ``objects`` how many confirmed objects went with them.
         *
         *     ``remaining`` is how many uploads the store keeps something of, ``kept`` the first 100 objects of these: with any of
         *     them it ends as `incomplete`, and the ledger still knows whose they are. ``newer`` is how many uploads of the owner
         *     were created after the request: they are left alone. ``detail`` says what a running one waits for.
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
        /**
         * @description One thing that is wrong with a body: where (an RFC 6901 pointer), and what. ``code`` is that of one of several
         *     uploads.
         */
        FieldError: {
            pointer: string;
            detail: string;
            code?: string;
        };
        /** @description What a scanner found in the bytes with this ETag. */
        GiveVerdict: {
            /** @enum {string} */
            verdict: "clean" | "infected";
            /** @description of the bytes that were scanned */
            etag: string;
            /**
             * @description such as the threat's name
             * @default null
             */
            detail?: string | null;
            /**
             * @description where they were read: of a scanner that goes by the store's events
             * @default null
             */
            key?: string | null;
        };
        Grant: components["schemas"]["PostGrant"] | components["schemas"]["PutGrant"] | components["schemas"]["MultipartGrant"];
        /** @description An upload with what its client needs; ``grant`` is null when its bytes have arrived already. */
        Granted: {
            upload: components["schemas"]["Upload"];
            grant: components["schemas"]["Grant"] | null;
            ticket: string;
        };
        /** @description An object of which the store keeps something, and why. */
        KeptObject: {
            key: string;
            reason: string;
        };
        /**
         * @description One page; or the uploads that were named, in that order, each once. ``not_found`` is there with those: the ids
         *     that are no upload of yours.
         */
        UploadList: {
            uploads: components["schemas"]["Upload"][];
            next_cursor: string | null;
            not_found?: string[];
        };
        /**
         * @description A file in ``part_count`` parts of ``part_size`` bytes, the last one smaller. ``parts`` are the first few of them:
         *     ask for others just before they are sent. With a ``part_checksum`` none of them is there: each part is asked for
         *     with its checksum by that algorithm, and its headers then have it.
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
        /** @description A part that was sent: its ``etag`` as the store answered it, with quotes or without. */
        NamedPart: {
            number: number;
            etag: string;
        };
        /** @description The confirmed object; while the upload is `stored`, the one that is pinned, where it is then: quarantine, say. */
        StoredObject: {
            bucket: string;
            key: string;
            etag: string;
            version_id: string | null;
            /** Format: int64 */
            size: number;
            content_type: string;
        };
        /** @description One page; ``next_cursor`` is null on the last. */
        Page: {
            uploads: components["schemas"]["Upload"][];
            next_cursor: string | null;
        };
        /** @description A part that the store has. */
        Part: {
            number: number;
            /** Format: int64 */
            size: number;
            etag: string;
        };
        /** @description A presigned PUT of one part of ``size`` bytes, with exactly these headers. */
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
        /** @description What the store has, by number; ``part_count`` is how many there will be. */
        Parts: {
            parts: components["schemas"]["Part"][];
            /** Format: int64 */
            part_size: number;
            part_count: number;
        };
        /** @description A presigned POST: send the fields as they are, then the file as ``file_field``, the last one. */
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
        /** @description An RFC 9457 problem document. */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            /**
             * @description It is stable.
             *
             *     | code | status | |
             *     |---|---|---|
             *     | `malformed_event` | 400 | The event does not have the format that its sender documents. |
             *     | `malformed_json` | 400 | The body is not JSON. |
             *     | `bad_request` | 400 | The connection closed in the body, the request has more than one `Host`, or its query is not UTF-8. |
             *     | `unauthenticated` | 401 | No credential was sent, or it is not, or no longer, valid. |
             *     | `forbidden` | 403 | The credential is known, but does not allow this. |
             *     | `ticket_used_up` | 403 | The ticket has created as many uploads as it allows. |
             *     | `sender_refused` | 403 | The event does not prove who sent it. |
             *     | `upload_not_found` | 404 | The upload does not exist, or is not the caller's. |
             *     | `profile_not_found` | 404 | There is no profile with this name. |
             *     | `erasure_not_found` | 404 | The erasure does not exist, or is not the caller's. |
             *     | `sender_unknown` | 404 | There is no such event sender, or its setting is missing. |
             *     | `not_found` | 404 | There is nothing at this path. |
             *     | `method_not_allowed` | 405 | The path does not accept this method; `Allow` lists the methods that it accepts. |
             *     | `request_timeout` | 408 | The body did not arrive in time. |
             *     | `state_conflict` | 409 | The upload is in a state that does not allow this. |
             *     | `parts_missing` | 409 | Not all parts are at the store yet; the upload stays open for them. |
             *     | `parts_mismatch` | 409 | The parts that the client lists are not those that the store has. |
             *     | `already_claimed` | 409 | The upload is claimed under another reference. |
             *     | `object_replaced` | 409 | The bytes at the store are not those that were confirmed: somebody else has replaced or removed them. |
             *     | `request_entity_too_large` | 413 | The body has more than 256 KiB: files go straight to S3. |
             *     | `request_uri_too_long` | 414 | The query has more than 16 KiB. |
             *     | `unsupported_media_type` | 415 | The body is a form, or not JSON: files go straight to S3. |
             *     | `invalid_request` | 422 | The request does not match what the API documents; `errors` says where. |
             *     | `unknown_profile` | 422 | There is no such profile. |
             *     | `content_type_not_allowed` | 422 | The profile does not accept this content type, or it is not a content type. |
             *     | `size_out_of_range` | 422 | The profile accepts only larger or smaller files. |
             *     | `metadata_not_allowed` | 422 | The profile does not accept these metadata keys, or there are too many. |
             *     | `idempotency_key_reused` | 422 | This Idempotency-Key was used with another request: use a new one. |
             *     | `method_not_supported` | 422 | The bytes cannot be sent that way, because of their size or because of the store. |
             *     | `checksum_not_supported` | 422 | S3 keeps no such checksum for a whole object that was sent in parts. |
             *     | `checksum_required` | 422 | The profile requires a checksum. |
             *     | `wrong_profile` | 422 | The upload has a profile other than the one that it is claimed for. |
             *     | `internal_error` | 500 | A fault in the service; it is logged. |
             *     | `configuration_error` | 500 | The application or server keeps it from answering; `detail` says how. It is logged. |
             *     | `not_implemented` | 501 | The body has a transfer coding besides its chunks. |
             *     | `unavailable` | 503 | The service is busy, or something that it needs is unavailable: try again. |
             *     | `store_unavailable` | 503 | The store is unavailable, or did not do what it was asked to do: try again. |
             *     | `copy_unproven` | 503 | The copy has another ETag than its source, and nothing that the store shows proves it; see `checksum`. |
             *     | `ledger_unavailable` | 503 | The ledger is unavailable: try again. |
             *     | `record_unknown` | 503 | A newer version of valetkey stored something that this process cannot read: it leaves it alone. |
             *     | `rules_unknown` | 503 | This process does not know the upload's profile, or its rules, which a newer version stored: it stops. |
             */
            code: string;
            errors?: components["schemas"]["FieldError"][];
        };
        /**
         * @description What may be uploaded under one profile: the rules that a file can be compared with before it is asked for.
         *
         *     Sizes are in bytes, both ends allowed. ``content_types`` may hold kinds, with a star for what comes after the slash,
         *     and two stars for any type. ``metadata`` lists the keys that are allowed; null: any.
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
        /** @description A presigned PUT: send the file as the body, with exactly these headers. 412: it is there already. */
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
        /** @description ``doctor`` is there with `?verbose`: null where it was never run. */
        Ready: {
            /** @constant */
            status: "ok";
            doctor?: components["schemas"]["Doctor"] | null;
        };
        /** @description Why the upload was rejected, or removed as nobody claimed it, or stays `stored`. */
        Reason: {
            /**
             * @description A `stored` upload has `copy_unproven` while the store shows no proof.
             *
             *     | reason | |
             *     |---|---|
             *     | `size_mismatch` | The number of bytes that arrived is not the one that was granted. |
             *     | `type_mismatch` | The object's content type is not the one that was granted. |
             *     | `upload_id_mismatch` | The object does not carry the id of the upload. |
             *     | `checksum_mismatch` | The store shows a checksum other than the declared one. |
             *     | `checksum_unverified` | The profile requires a checksum, and the store shows none. |
             *     | `content_mismatch` | The first bytes are not of the content type that was granted (`detect`). |
             *     | `infected` | A scanner found the bytes infected (`scan`). |
             *     | `overwritten` | Other bytes were written again and again while the upload was being confirmed. |
             *     | `missing` | The object was removed before it could be confirmed. |
             *     | `placement_refused` | The store does not accept the profile's storage class, encryption, tags or Object Lock. |
             *     | `unclaimed` | Nobody claimed it in time (`claim_within`): it is `deleted`. |
             *     | `erased` | Its owner was erased: nothing that was known about it is kept, whatever its state was. |
             *     | `retention_ended` | It was kept for as long as its profile says (`keep_for`): it is `deleted`. |
             */
            code: string;
            detail: string;
        };
        /** @description One upload of a batch that was refused. */
        Refused: {
            error: components["schemas"]["Problem"];
        };
        /** @description What the upload was taken for. */
        ReleaseUpload: {
            /** @description what for, in your own words: post:17 */
            reference: string;
        };
        /** @description Which uploads are given back, and what all of them were taken for. */
        ReleaseUploads: {
            /** @description what for, in your own words: post:17 */
            reference: string;
            /** @description their ids; one that is named twice counts once */
            uploads: string[];
        };
        /** @description Which parts to sign: best those that are about to be sent, as their URLs live as long as a grant. */
        SignParts: {
            numbers: number[];
            /**
             * @description where the grant has a `part_checksum`: that of each part in base64, by its number
             * @default {}
             */
            checksums?: {
                [key: string]: string;
            };
        };
        /** @enum {string} */
        Signal: "client" | "redirect" | "event" | "sweep";
        /** @description The URLs that were asked for, in that order. */
        SignedParts: {
            parts: components["schemas"]["PartGrant"][];
        };
        /** @enum {string} */
        State: "pending" | "stored" | "confirmed" | "rejected" | "aborted" | "expired" | "deleted";
        Health: {
            /** @constant */
            status: "ok";
        };
        /** @description What became of the events of one delivery. */
        Tally: {
            confirmed: number;
            rejected: number;
            ignored: number;
        };
        /** @description A ticket that creates uploads of one profile. It needs no escaping in a path. */
        Ticket: {
            ticket: string;
            /** Format: date-time */
            expires_at: string;
        };
        /**
         * @description One upload. ``object`` is there once its bytes have arrived, ``reason`` once they are rejected, or where they
         *     stay `stored` for a reason (`copy_unproven`).
         *
         *     ``checksum_verified`` says whether the store has shown the checksum that was declared: false where it keeps none,
         *     null where none was declared.
         *
         *     ``size`` is null until it is confirmed where nobody declared it. ``detected_type`` is what the bytes look like,
         *     where the profile has that found out. ``claim`` is null until the application has claimed it. ``path`` is where it
         *     was in the folder that its user chose, with ``/`` between the names and none in front; null where it came in none.
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
        /** @description Several uploads, each once, in the order in which they were named. */
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
                limit?: number;
                cursor?: string;
                state?: components["schemas"]["State"];
                profile?: string;
                id?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description one page, or those that were named */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadList"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                /** @description the same key and body give the same upload, with a fresh grant */
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
            /** @description created */
            201: {
                headers: {
                    /** @description the upload */
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Granted"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description each upload, or why it was refused: also where all are; 503 where no store gives a grant now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                "If-None-Match"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the upload */
            200: {
                headers: {
                    /** @description for If-None-Match */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description it has not changed */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description aborted or deleted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the upload with a fresh grant */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Granted"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the parts and the plan */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Parts"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description a presigned PUT for each */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedParts"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description confirmed or rejected */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description not there yet, or still being checked */
            202: {
                headers: {
                    /** @description seconds to wait before asking again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description the upload, as far as it got by that */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description claimed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description claimed by nobody */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Upload"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                limit?: number;
                cursor?: string;
                prefix?: string;
                older_than?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description one page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description all are claimed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Uploads"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description all are claimed by nobody */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Uploads"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                inline?: boolean;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the URL, where `Accept` prefers application/json */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Download"];
                };
            };
            /** @description to the object */
            303: {
                headers: {
                    /** @description a presigned URL, or the profile's CDN */
                    Location?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the upload's state does not allow it */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page that shows the state */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html; charset=utf-8": string;
                };
            };
            /** @description to the profile's return_url */
            303: {
                headers: {
                    /** @description return_url with id and state */
                    Location?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description the profiles */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profiles"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description its rules */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description a worker erases it */
            202: {
                headers: {
                    /** @description the erasure */
                    Location?: string;
                    /** @description seconds to wait before asking again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                /** @description percent-encoded; no piece of it between slashes is empty, `.` or `..` */
                owner: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a worker erases it */
            202: {
                headers: {
                    /** @description the erasure */
                    Location?: string;
                    /** @description seconds to wait before asking again */
                    "Retry-After"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the request breaks a rule; `code` and `errors` say which */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the erasure */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            /** @description no credential, or one that is not valid */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
                /** @description ceph: or as the topic's OpaqueData */
                secret?: string;
            };
            header?: never;
            path: {
                sender: "sns" | "eventbridge" | "minio" | "ceph" | "b2";
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description what became of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Tally"];
                };
            };
            /** @description the body cannot be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not allowed with this credential */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not there, or not yours */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body was not there in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description yes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
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
                /** @description whatever its value */
                verbose?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description yes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description the store or the ledger is unavailable; nothing was lost, try again */
            503: {
                headers: {
                    /** @description seconds to wait before asking again */
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
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description the body is too large: files go straight to S3 */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description not JSON: files go straight to S3 */
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
