// Uppy Companion in an Express application, as its documentation has it, without a log line for each request.
import * as companion from "@uppy/companion";
import bodyParser from "body-parser";
import express from "express";
import session from "express-session";

const app = express();
app.use(bodyParser.json());
app.use(session({ secret: "bench", resave: false, saveUninitialized: false }));
const { app: mounted } = companion.app({
    secret: "bench",
    filePath: process.env.FOLDER,
    corsOrigins: true,
    uploadUrls: [`http://${process.env.STORE_HOST}`],
    server: { host: `127.0.0.1:${process.env.PORT}`, protocol: "http" },
    s3: {
        key: process.env.AWS_ACCESS_KEY_ID,
        secret: process.env.AWS_SECRET_ACCESS_KEY,
        bucket: "bench",
        region: "us-east-1",
        endpoint: `http://${process.env.STORE_HOST}`,
        forcePathStyle: true,
    },
});
app.use(mounted);
companion.socket(app.listen(Number(process.env.PORT), "127.0.0.1"));
