-- Polls of random orders, each with a token of its own: orders of sql/fill.sql
-- below the URL's path.  Environment: BENCH_TOKENS, a file with a token a
-- line, of which the first BENCH_USERS are used, or as many as orders;
-- BENCH_ETAG, sent as If-None-Match; BENCH_WARM, to take each once and in
-- turn.  The requests are made before the first is sent, so that the
-- client is no slower than the server.

local limit = tonumber(os.getenv("BENCH_ORDERS"))
local etag = os.getenv("BENCH_ETAG")
local random = math.random
local users = tonumber(os.getenv("BENCH_USERS") or limit)
local warm = os.getenv("BENCH_WARM")
local requests, count, turn = {}, 0, 0

function init(args)
    local head = "GET " .. wrk.path ..
                 "/order-status/00000001-0000-7000-8000-%012x HTTP/1.1\r\n" ..
                 "Host: shop\r\nAuthorization: Bearer %s\r\n\r\n"

    if etag and etag ~= "" then
        head = head:gsub("\r\n\r\n", "\r\nIf-None-Match: " .. etag ..
                                     "\r\n\r\n")
    end

    math.randomseed(os.time())

    local tokens = {}

    for token in io.lines(os.getenv("BENCH_TOKENS")) do
        tokens[#tokens + 1] = token
        if #tokens == users then break end
    end

    for i = 1, limit do
        requests[i] = head:format(i, tokens[i % #tokens + 1])
    end

    count = limit
end

function request()
    if warm then
        turn = turn % count + 1
        return requests[turn]
    end

    return requests[random(count)]
end
