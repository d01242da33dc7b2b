"use client";

import { createUploader, type Upload } from "@valetkey/client";
import { useUpload } from "@valetkey/client/react";
import { useEffect, useState } from "react";

export default function Page() {
  const [upload, setUpload] = useState<Upload | null>(null);
  const snapshot = useUpload(upload);
  useEffect(() => {
    void import("@valetkey/element"); // it defines an element, which needs a browser
    const send = (endpoint: string, token: string) =>
      setUpload(createUploader({ endpoint, token }).upload(new File(["hello"], "notes.txt", { type: "text/plain" })));
    Object.assign(window, { send });
  }, []);
  return (
    <main>
      <valet-upload />
      <output>{snapshot?.state ?? "nothing yet"}</output>
    </main>
  );
}
