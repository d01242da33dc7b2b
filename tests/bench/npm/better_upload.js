// better-upload on hono, as its documentation has it: it validates, signs a PUT and stores nothing.
import { route, handleRequest } from "@better-upload/server";
import { custom } from "@better-upload/server/clients";
import { serve } from "@hono/node-server";
import { Hono } from "hono";

const router = {
    client: custom({ host: process.env.STORE_HOST, region: "us-east-1", secure: false, forcePathStyle: true }),
    bucketName: "bench",
    routes: { images: route({ fileTypes: ["image/*"], multipleFiles: true, maxFiles: 100 }) },
};

const app = new Hono();
app.post("/upload", (context) => handleRequest(context.req.raw, router));
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) });
