// What t/ws/run does; see there.

import { WebSocket } from "ws";

const url = new URL(process.argv[2]);
const token = process.env.ORDER_TOKEN;
const faults = [];
let checks = 0;


function is(got, expected, what) {
    const [a, b] = [got, expected].map((value) => JSON.stringify(value));

    checks++;

    if (a !== b) {
        faults.push(`${what}: ${a} instead of ${b}`);
    }
}


// A socket whose events come one by one: next() waits for the next one, as
// [type, ...].
function socket(protocols, options = {}) {
    const ws = new WebSocket(url, protocols,
                             { handshakeTimeout: 10000,
                               rejectUnauthorized: false, ...options });
    const events = [];
    const waiting = [];
    const push = (...event) =>
        waiting.length ? waiting.shift()(event) : events.push(event);

    ws.on("open", () => push("open", ws.protocol));
    ws.on("message", (data, binary) =>
        push("message", JSON.parse(data.toString()), binary));
    ws.on("pong", (data) => push("pong", data.toString()));
    ws.on("close", (code, reason) => push("close", code, reason.toString()));
    ws.on("error", (error) => push("error", error.message));
    ws.on("unexpected-response", (request, response) => {
        push("refused", response.statusCode);
        response.resume();
        request.destroy();
    });

    ws.next = () => events.length ? Promise.resolve(events.shift())
                    : new Promise((resolve) => waiting.push(resolve));
    return ws;
}


async function opened(...how) {
    const ws = socket(...how);
    const [type, ...rest] = await ws.next();

    if (type !== "open") {
        throw new Error(`not opened: ${type} ${rest}`);
    }

    return ws;
}


const bearer = `bearer.${token}`;


async function subprotocols() {
    for (const [offered, chosen] of [
        [["order.v1", bearer], "order.v1"],
        [[bearer, "order.v1"], "order.v1"],
        [["order_update.v1", "order.v1", bearer], "order_update.v1"],
        [["x", "order.v1", "order_update.v1", bearer], "order.v1"],
    ]) {
        const ws = await opened(offered);

        is(ws.protocol, chosen, `of ${offered.length} subprotocols`);
        ws.close(1000);
        is(await ws.next(), ["close", 1000, ""], "closed");
    }

    const headers = { authorization: `Bearer ${token}` };
    const ws = await opened([], { headers });

    is(ws.protocol, "", "no subprotocol");
    is(ws.extensions, "", "no extension, though deflate was offered");
    ws.close();
    is(await ws.next(), ["close", 1005, ""], "closed without a code");
}


async function messages(ws) {
    ws.send('{"type":"ping"}');
    is(await ws.next(), ["message", { type: "pong" }, false], "a message");

    // a message in pieces, with a ping between them
    ws.send('{"type"', { fin: false });
    ws.send(":", { fin: false });
    ws.ping("between");
    ws.send('"ping"}', { fin: true });
    is(await ws.next(), ["pong", "between"], "a ping between pieces");
    is(await ws.next(), ["message", { type: "pong" }, false], "the pieces");

    ws.ping();
    is(await ws.next(), ["pong", ""], "an empty ping");
    ws.ping("x".repeat(125));
    is(await ws.next(), ["pong", "x".repeat(125)], "a long ping");
    ws.pong("unasked");

    // no answer to the pong: the next thing is the answer to this
    ws.send('{"type":"ping"}' + " ".repeat(16384 - 15));
    is(await ws.next(), ["message", { type: "pong" }, false], "16 KB");

    for (let i = 0; i < 200; i++) {
        ws.ping(`${i}`);
    }

    for (let i = 0; i < 200; i++) {
        is(await ws.next(), ["pong", `${i}`], `ping ${i} of many`);
    }

    ws.send('{"type":"ping","what":"\u00e4\u20ac\u{1f600}"}');

    const [type, error] = await ws.next();

    is([type, error.type, error.code], ["message", "error",
       "INVALID_MESSAGE"], "a member that is not known");
}


async function closes() {
    const close = async (code, act) => {
        const ws = await opened(["order.v1", bearer]);

        act(ws);

        let event = await ws.next();

        while (event[0] === "pong") {
            event = await ws.next();
        }

        is(event.slice(0, 2), ["close", code], `${code}`);
    };

    await close(1003, (ws) => ws.send(Buffer.from([1, 2, 3])));
    await close(1009, (ws) => ws.send(" ".repeat(16385)));
    await close(1009, (ws) => ws.send(" ".repeat(1000000)));
    await close(1007, (ws) =>
        ws.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false }));
    await close(1008, (ws) => {
        for (let i = 0; i < 2000; i++) {
            ws.ping();
        }
    });

    for (const code of [1000, 1001, 1011, 3000, 4999]) {
        await close(code, (ws) => ws.close(code, "good-bye"));
    }
}


async function refusals() {
    for (const [code, protocols, headers] of [
        [401, ["order.v1"], {}],
        [401, ["order.v1", "bearer.none"], {}],
        [401, ["order.v1", "bearer.none"],
         { authorization: `Bearer ${token}` }],
        [403, ["order.v1"], { cookie: `order_token=${token}` }],
        [403, ["order.v1"], { cookie: `order_token=${token}`,
                              origin: "http://elsewhere.example" }],
    ]) {
        const ws = socket(protocols, { headers });

        is(await ws.next(), ["refused", code], `${code}`);
    }

    const ws = await opened(["order.v1"], {
        headers: { cookie: `order_token=${token}` },
        origin: `${url.protocol.replace("ws", "http")}//${url.host}`,
    });

    ws.close(1000);
    is(await ws.next(), ["close", 1000, ""], "by cookie, the same origin");
}


await subprotocols();

const one = await opened(["order.v1", bearer]);

await messages(one);
one.close(1000, "done");
is(await one.next(), ["close", 1000, ""], "closed");

await closes();
await refusals();

console.log([...faults, `${checks} checks`].join("\n"));
process.exit(faults.length ? 1 : 0);
