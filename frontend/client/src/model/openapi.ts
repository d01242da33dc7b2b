// Generated from the service's OpenAPI document by `npm run wire`. Do not edit.

export interface paths {
    "/v1/uploads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your uploads, newest first */
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
        /**
         * BatchBody
         * @description The answers, in the order of the requests.
         */
        BatchBody: {
            /** Results */
            results: (components["schemas"]["GrantedBody"] | components["schemas"]["RefusedBody"])[];
        };
        /** ChecksumBody */
        ChecksumBody: {
            /** Algorithm */
            algorithm: string;
            /** Value */
            value: string;
        };
        /**
         * ChecksumIn
         * @description The checksum of the whole file. Stores that keep checksums refuse other bytes.
         */
        ChecksumIn: {
            /**
             * Algorithm
             * @enum {string}
             */
            algorithm: "crc32" | "crc32c" | "crc64nvme" | "sha1" | "sha256";
            /**
             * Value
             * @description base64
             */
            value: string;
        };
        /**
         * ClaimBody
         * @description What the application has taken the upload for.
         */
        ClaimBody: {
            /** Reference */
            reference: string;
            /**
             * Claimed At
             * Format: date-time
             */
            claimed_at: string;
        };
        /**
         * ClaimUpload
         * @description What a confirmed upload is taken for, and what it has to be.
         */
        ClaimUpload: {
            /**
             * Reference
             * @description what for, in your own words: post:17
             */
            reference: string;
            /**
             * Owner
             * @description whose it has to be; left out: anybody's
             * @default null
             */
            owner?: string | null;
            /**
             * Profile
             * @description of which profile it has to be; left out: of any
             * @default null
             */
            profile?: string | null;
        };
        /**
         * ClaimUploads
         * @description Which confirmed uploads are taken, what for, and what each of them has to be.
         */
        ClaimUploads: {
            /**
             * Reference
             * @description what for, in your own words: post:17
             */
            reference: string;
            /**
             * Owner
             * @description whose it has to be; left out: anybody's
             * @default null
             */
            owner?: string | null;
            /**
             * Profile
             * @description of which profile it has to be; left out: of any
             * @default null
             */
            profile?: string | null;
            /**
             * Uploads
             * @description their ids; one that is named twice counts once
             */
            uploads: string[];
        };
        /**
         * Complete
         * @description Nothing has to be said. For an upload in parts ``parts`` may name those that were sent, to have them compared.
         */
        Complete: {
            /**
             * Parts
             * @default null
             */
            parts?: components["schemas"]["NamedPartIn"][] | null;
        };
        /**
         * CreateBatch
         * @description Up to 100 uploads, durable in one commit; one that is refused hinders no other.
         */
        CreateBatch: {
            /** Uploads */
            uploads: components["schemas"]["CreateUpload"][];
        };
        /**
         * CreateTicket
         * @description What a browser may do without the API key.
         */
        CreateTicket: {
            /**
             * Profile
             * @description the one profile of its uploads
             */
            profile: string;
            /**
             * Owner
             * @description on whose behalf; left out: your own
             * @default null
             */
            owner?: string | null;
            /**
             * Ttl
             * @description seconds that it lives
             * @default 3600
             */
            ttl?: number;
            /**
             * Max Uploads
             * @description how many uploads it creates at most; left out: any number
             * @default null
             */
            max_uploads?: number | null;
        };
        /**
         * CreateUpload
         * @description What a client asks for.
         */
        CreateUpload: {
            /**
             * Profile
             * @description left out: `default`, or the profile of the ticket
             */
            profile?: string;
            /**
             * Filename
             * @description any name; it never becomes a key
             */
            filename: string;
            /**
             * Content Type
             * @description what the client will send, such as image/png
             */
            content_type: string;
            /**
             * Size
             * @description bytes; exactly these many may be sent
             */
            size: number;
            /** @default null */
            checksum?: components["schemas"]["ChecksumIn"] | null;
            /**
             * Metadata
             * @description kept in the ledger, never in a header of S3
             * @default {}
             */
            metadata?: {
                [key: string]: string;
            };
            /**
             * Method
             * @description how the bytes travel to S3
             * @default auto
             * @enum {string}
             */
            method?: "auto" | "post" | "put" | "multipart";
            /**
             * Redirect
             * @description S3 sends the browser back to /v1/uploads/{id}/return
             * @default false
             */
            redirect?: boolean;
            /**
             * Owner
             * @description on whose behalf; a ticket has its own
             * @default null
             */
            owner?: string | null;
            /**
             * Path
             * @description where it was in the folder that was chosen, such as `trip/day 1/a.txt`; it never becomes a key
             * @default null
             */
            path?: string | null;
        };
        /**
         * DoctorBody
         * @description The last run of `valetkey doctor` on this bucket: when, whether nothing failed, and how many findings there were
         *     of each level (pass, warn, fail, skip).
         */
        DoctorBody: {
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Ok */
            ok: boolean;
            /** Counts */
            counts: {
                [key: string]: number;
            };
        };
        /**
         * DownloadBody
         * @description Where the confirmed bytes are for a while; no credential is needed there.
         */
        DownloadBody: {
            /** Url */
            url: string;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
        };
        /**
         * EraseOwner
         * @description Whose uploads are erased.
         */
        EraseOwner: {
            /** Owner */
            owner: string;
        };
        /**
         * ErasureBody
         * @description An erasure. ``uploads`` is how many were erased so far, ``objects`` how many confirmed objects went with them.
         *
         *     ``remaining`` is how many uploads the store keeps something of, ``kept`` the first 100 objects of these: with any of
         *     them it ends as `incomplete`, and the ledger still knows whose they are. ``newer`` is how many uploads of the owner
         *     were created after the request: they are left alone. ``detail`` says what a running one waits for.
         */
        ErasureBody: {
            /** Id */
            id: string;
            /**
             * State
             * @enum {string}
             */
            state: "running" | "done" | "incomplete";
            /**
             * Requested At
             * Format: date-time
             */
            requested_at: string;
            /** Finished At */
            finished_at: string | null;
            /** Uploads */
            uploads: number;
            /** Objects */
            objects: number;
            /** Remaining */
            remaining: number;
            /** Kept */
            kept: components["schemas"]["KeptObjectBody"][];
            /** Newer */
            newer: number;
            /** Detail */
            detail: string | null;
        };
        /**
         * FieldError
         * @description One thing that is wrong with a body: where (an RFC 6901 pointer), and what. ``code`` is that of one of several
         *     uploads.
         */
        FieldError: {
            /** Pointer */
            pointer: string;
            /** Detail */
            detail: string;
            /** Code */
            code?: string;
        };
        /**
         * GiveVerdict
         * @description What a scanner found in the bytes with this ETag.
         */
        GiveVerdict: {
            /**
             * Verdict
             * @enum {string}
             */
            verdict: "clean" | "infected";
            /**
             * Etag
             * @description of the bytes that were scanned
             */
            etag: string;
            /**
             * Detail
             * @description such as the threat's name
             * @default null
             */
            detail?: string | null;
            /**
             * Key
             * @description where they were read: of a scanner that goes by the store's events
             * @default null
             */
            key?: string | null;
        };
        /**
         * GrantedBody
         * @description An upload with what its client needs; ``grant`` is null when its bytes have arrived already.
         */
        GrantedBody: {
            upload: components["schemas"]["UploadBody"];
            /** Grant */
            grant: components["schemas"]["PostGrantBody"] | components["schemas"]["PutGrantBody"] | components["schemas"]["MultipartGrantBody"] | null;
            /** Ticket */
            ticket: string;
        };
        /**
         * KeptObjectBody
         * @description An object of which the store keeps something, and why.
         */
        KeptObjectBody: {
            /** Key */
            key: string;
            /** Reason */
            reason: string;
        };
        /**
         * MultipartGrantBody
         * @description A file in ``part_count`` parts of ``part_size`` bytes, the last one smaller. ``parts`` are the first few of them:
         *     ask for others just before they are sent. With a ``part_checksum`` none of them is there: each part is asked for
         *     with its checksum by that algorithm, and its headers then have it.
         */
        MultipartGrantBody: {
            /**
             * Method
             * @constant
             */
            method: "MULTIPART";
            /** Part Size */
            part_size: number;
            /** Part Count */
            part_count: number;
            /** Parts */
            parts: components["schemas"]["PartGrantBody"][];
            /**
             * Part Checksum
             * @constant
             */
            part_checksum?: "sha256";
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
        };
        /**
         * NamedPartIn
         * @description A part that was sent: its ``etag`` as the store answered it, with quotes or without.
         */
        NamedPartIn: {
            /** Number */
            number: number;
            /** Etag */
            etag: string;
        };
        /**
         * ObjectBody
         * @description The confirmed object; while the upload is `stored`, the one that is pinned, where it is then: quarantine, say.
         */
        ObjectBody: {
            /** Bucket */
            bucket: string;
            /** Key */
            key: string;
            /** Etag */
            etag: string;
            /** Version Id */
            version_id: string | null;
            /** Size */
            size: number;
            /** Content Type */
            content_type: string;
        };
        /**
         * PageBody
         * @description One page; ``next_cursor`` is null on the last.
         */
        PageBody: {
            /** Uploads */
            uploads: components["schemas"]["UploadBody"][];
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * PartBody
         * @description A part that the store has.
         */
        PartBody: {
            /** Number */
            number: number;
            /** Size */
            size: number;
            /** Etag */
            etag: string;
        };
        /**
         * PartGrantBody
         * @description A presigned PUT of one part of ``size`` bytes, with exactly these headers.
         */
        PartGrantBody: {
            /** Number */
            number: number;
            /** Size */
            size: number | null;
            /** Url */
            url: string;
            /** Headers */
            headers: {
                [key: string]: string;
            };
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
        };
        /**
         * PartsBody
         * @description What the store has, by number; ``part_count`` is how many there will be.
         */
        PartsBody: {
            /** Parts */
            parts: components["schemas"]["PartBody"][];
            /** Part Size */
            part_size: number;
            /** Part Count */
            part_count: number;
        };
        /**
         * PostGrantBody
         * @description A presigned POST: send the fields as they are, then the file as ``file_field``, the last one.
         */
        PostGrantBody: {
            /**
             * Method
             * @constant
             */
            method: "POST";
            /** Url */
            url: string;
            /** Fields */
            fields: {
                [key: string]: string;
            };
            /**
             * File Field
             * @constant
             */
            file_field: "file";
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
        };
        /**
         * Problem
         * @description An RFC 9457 problem document.
         */
        Problem: {
            /** Type */
            type: string;
            /** Title */
            title: string;
            /** Status */
            status: number;
            /** Detail */
            detail: string;
            /** Code */
            code: string;
            /** Errors */
            errors?: components["schemas"]["FieldError"][];
        };
        /**
         * ProfileBody
         * @description What may be uploaded under one profile: the rules that a file can be compared with before it is asked for.
         *
         *     Sizes are in bytes, both ends allowed. ``content_types`` may hold ``image/*`` and ``*\/*``. ``metadata`` lists the
         *     keys that are allowed; null: any.
         */
        ProfileBody: {
            /** Name */
            name: string;
            /** Min Size */
            min_size: number;
            /** Max Size */
            max_size: number;
            /** Content Types */
            content_types: string[];
            /**
             * Checksum
             * @enum {string}
             */
            checksum: "optional" | "required";
            /** Metadata */
            metadata: string[] | null;
        };
        /**
         * ProfilesBody
         * @description The profiles that the caller may use.
         */
        ProfilesBody: {
            /** Profiles */
            profiles: components["schemas"]["ProfileBody"][];
        };
        /**
         * PutGrantBody
         * @description A presigned PUT: send the file as the body, with exactly these headers. 412: it is there already.
         */
        PutGrantBody: {
            /**
             * Method
             * @constant
             */
            method: "PUT";
            /** Url */
            url: string;
            /** Headers */
            headers: {
                [key: string]: string;
            };
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
        };
        /**
         * ReadyBody
         * @description ``doctor`` is there with `?verbose`: null where it was never run.
         */
        ReadyBody: {
            /**
             * Status
             * @constant
             */
            status: "ok";
            doctor?: components["schemas"]["DoctorBody"] | null;
        };
        /**
         * ReasonBody
         * @description Why the upload was rejected, or removed as nobody claimed it, or stays `stored`.
         */
        ReasonBody: {
            /** Code */
            code: string;
            /** Detail */
            detail: string;
        };
        /**
         * RefusedBody
         * @description One upload of a batch that was refused.
         */
        RefusedBody: {
            error: components["schemas"]["Problem"];
        };
        /**
         * ReleaseUpload
         * @description What the upload was taken for.
         */
        ReleaseUpload: {
            /**
             * Reference
             * @description what for, in your own words: post:17
             */
            reference: string;
        };
        /**
         * ReleaseUploads
         * @description Which uploads are given back, and what all of them were taken for.
         */
        ReleaseUploads: {
            /**
             * Reference
             * @description what for, in your own words: post:17
             */
            reference: string;
            /**
             * Uploads
             * @description their ids; one that is named twice counts once
             */
            uploads: string[];
        };
        /**
         * SignParts
         * @description Which parts to sign: best those that are about to be sent, as their URLs live as long as a grant.
         */
        SignParts: {
            /** Numbers */
            numbers: number[];
            /**
             * Checksums
             * @description where the grant has a `part_checksum`: that of each part in base64, by its number
             * @default {}
             */
            checksums?: {
                [key: string]: string;
            };
        };
        /**
         * SignedPartsBody
         * @description The URLs that were asked for, in that order.
         */
        SignedPartsBody: {
            /** Parts */
            parts: components["schemas"]["PartGrantBody"][];
        };
        /** StatusBody */
        StatusBody: {
            /**
             * Status
             * @constant
             */
            status: "ok";
        };
        /**
         * TallyBody
         * @description What became of the events of one delivery.
         */
        TallyBody: {
            /** Confirmed */
            confirmed: number;
            /** Rejected */
            rejected: number;
            /** Ignored */
            ignored: number;
        };
        /**
         * TicketBody
         * @description A ticket that creates uploads of one profile. It needs no escaping in a path.
         */
        TicketBody: {
            /** Ticket */
            ticket: string;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
        };
        /**
         * UploadBody
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
        UploadBody: {
            /** Id */
            id: string;
            /**
             * State
             * @enum {string}
             */
            state: "pending" | "stored" | "confirmed" | "rejected" | "aborted" | "expired" | "deleted";
            /** Profile */
            profile: string;
            /** Owner */
            owner: string;
            /** Filename */
            filename: string;
            /** Path */
            path: string | null;
            /** Content Type */
            content_type: string;
            /** Size */
            size: number | null;
            checksum: components["schemas"]["ChecksumBody"] | null;
            /** Checksum Verified */
            checksum_verified: boolean | null;
            /** Metadata */
            metadata: {
                [key: string]: string;
            };
            object: components["schemas"]["ObjectBody"] | null;
            reason: components["schemas"]["ReasonBody"] | null;
            /** Detected Type */
            detected_type: string | null;
            /** Confirmed By */
            confirmed_by: ("client" | "redirect" | "event" | "sweep") | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Expires At
             * Format: date-time
             */
            expires_at: string;
            /** Confirmed At */
            confirmed_at: string | null;
            claim: components["schemas"]["ClaimBody"] | null;
        };
        /**
         * UploadsBody
         * @description Several uploads, each once, in the order in which they were named.
         */
        UploadsBody: {
            /** Uploads */
            uploads: components["schemas"]["UploadBody"][];
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
                state?: "pending" | "stored" | "confirmed" | "rejected" | "aborted" | "expired" | "deleted";
                profile?: string;
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
                    "application/json": components["schemas"]["PageBody"];
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
                    "application/json": components["schemas"]["GrantedBody"];
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
            /** @description each upload, or why it was refused */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchBody"];
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
                    "application/json": components["schemas"]["UploadBody"];
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
                    "application/json": components["schemas"]["GrantedBody"];
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
                    "application/json": components["schemas"]["PartsBody"];
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
                    "application/json": components["schemas"]["SignedPartsBody"];
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
                    "application/json": components["schemas"]["UploadBody"];
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
                    "application/json": components["schemas"]["UploadBody"];
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
                    "application/json": components["schemas"]["UploadBody"];
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
                    "application/json": components["schemas"]["UploadBody"];
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
                    "application/json": components["schemas"]["UploadBody"];
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
                    "application/json": components["schemas"]["PageBody"];
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
                    "application/json": components["schemas"]["UploadsBody"];
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
                    "application/json": components["schemas"]["UploadsBody"];
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
                inline?: "true" | "false";
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
                    "application/json": components["schemas"]["DownloadBody"];
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
                    "application/json": components["schemas"]["TicketBody"];
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
                    "application/json": components["schemas"]["ProfilesBody"];
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
                    "application/json": components["schemas"]["ProfileBody"];
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
                    "application/json": components["schemas"]["ErasureBody"];
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
                    "application/json": components["schemas"]["ErasureBody"];
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
                    "application/json": components["schemas"]["ErasureBody"];
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
                    "application/json": components["schemas"]["TallyBody"];
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
                    "application/json": components["schemas"]["StatusBody"];
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
                    "application/json": components["schemas"]["ReadyBody"];
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
