// What a user of the npm package "requestbin" does, with nothing but its baseURL set.
//
// node session.js BASE_URL: makes a public and a private bin, sends a request to the first,
// reads it back in every way the package has, and prints what it got as JSON.

const http = require("http");
const requestbin = require("requestbin");

requestbin.config({ baseURL: process.argv[2] });

const call = (method, ...given) =>
  new Promise((resolve) =>
    requestbin[method](...given, (error, data) =>
      resolve(error ? { error: error.message, status: error.httpCode } : data),
    ),
  );

const send = (url) =>
  new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/x-www-form-urlencoded", "X-One": "1" };
    const request = http.request(`${url}/hook?a=1`, { method: "POST", headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    });
    request.on("error", reject);
    request.end("ticket%5Bid%5D=5");
  });

(async () => {
  const made = await call("create");
  const got = {
    made,
    private: await call("create", true),
    sent: await send(made.url),
    bin: await call("get", made.name),
    requests: await call("requests", made.name),
    missing: await call("get", "no-such-bin"),
  };
  got.request = await call("request", made.name, got.requests[0].id);
  console.log(JSON.stringify(got));
})();
