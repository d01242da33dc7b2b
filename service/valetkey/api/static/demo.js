const form = document.querySelector("#upload");
const states = document.querySelector("#states");
const bar = document.querySelector(".bar");
const MAX_LOOKS = 60;

function show(state, text) {
  const item = document.createElement("li");
  item.className = state;
  const name = document.createElement("b");
  name.textContent = state;
  const detail = document.createElement("span");
  detail.textContent = text;
  item.append(name, detail);
  states.append(item);
}

async function call(method, path, token, body) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (answer.status === 503) return null; // away for a moment: nothing is lost, ask again
  const parsed = await answer.json();
  if (!answer.ok) throw new Error(parsed.errors?.[0]?.detail ?? parsed.detail);
  return parsed;
}

// XMLHttpRequest, since fetch still reports no upload progress
function send(grant, file) {
  return new Promise((resolve, reject) => {
    const data = new FormData();
    for (const [name, value] of Object.entries(grant.fields)) data.append(name, value);
    data.append(grant.file_field, file); // S3 ignores every field behind the file
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => {
      document.querySelector("#progress").value = (100 * event.loaded) / event.total;
      document.querySelector("#sent").textContent = `${Math.round((100 * event.loaded) / event.total)} %`;
    };
    request.onload = () => (request.status < 300 ? resolve() : reject(new Error(`S3 answered ${request.status}`)));
    request.onerror = () => reject(new Error("S3 could not be reached, or its CORS rules forbid this page"));
    request.open("POST", grant.url);
    request.send(data);
  });
}

async function settle(upload, ticket) {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const seen = await call("POST", `/v1/uploads/${upload.id}/complete`, ticket);
    if (["confirmed", "rejected"].includes(seen?.state)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error("the object did not arrive in time");
}

async function run(file) {
  const granted = await call("POST", "/v1/uploads", null, {
    filename: file.name,
    content_type: file.type || "application/octet-stream",
    size: file.size,
  });
  if (!granted) throw new Error("the service is away for a moment; try again");
  const { upload, grant, ticket } = granted;
  document.querySelector("#json").textContent = JSON.stringify({ upload, grant }, null, 2);
  show("pending", `upload ${upload.id} was granted ${file.size} bytes`);
  bar.hidden = false;
  await send(grant, file);
  show("sent", "S3 has taken the form; nobody has proven anything yet");
  const end = await settle(upload, ticket);
  document.querySelector("#json").textContent = JSON.stringify({ upload: end, grant }, null, 2);
  show(end.state, end.reason?.detail ?? `by the ${end.confirmed_by}'s word and a look at ${end.object.key}`);
  if (end.state === "confirmed") {
    const link = document.querySelector("#download");
    link.hidden = false;
    link.firstElementChild.href = `/v1/uploads/${end.id}/download`;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  states.replaceChildren();
  document.querySelector("#download").hidden = true;
  try {
    await run(form.querySelector("input").files[0]);
  } catch (error) {
    show("failed", error.message);
  } finally {
    button.disabled = false;
  }
});
